/* A condition and a body, apart by the first newline: parsing and judging never crash, and what holds does not explain. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "roles/status/condition.h"
#include "text/json.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    qs_auto(str) char *text = qs_xstrndup((const char *)data, size);
    char *body = strchr(text, '\n');
    struct qs_err err = QS_ERR_INIT;
    struct qs_condition c;
    qs_auto(val) struct qs_val *json = NULL;
    char why[100];

    if (body)
        *body++ = '\0';
    else
        body = text + strlen(text);
    if (qs_condition_parse(text, &c, &err))
        return 0;
    QS_IGNORE(qs_json_parse(body, strlen(body), &json, &err));
    struct qs_observed seen = {
        .status = 200, .ip = "127.0.0.1", .rcode = "", .certificate_ms = INT64_MIN, .body = body, .json = json
    };
    (void)qs_condition_holds(&c, &seen, why, sizeof(why));
    qs_condition_done(&c);
    return 0;
}
