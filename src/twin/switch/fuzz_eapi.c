/* Any request gets a reply that is JSON-RPC, and leaves a device that still answers. */
#include <stdlib.h>
#include <string.h>

#include "text/json.h"
#include "twin/switch/eapi.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static char port_names[3][12] = { "Ethernet1", "Ethernet2", "Management1" };
static char model[] = "fuzz", version[] = "4.32.1F";
static struct qs_sw_port ports[] = { { .name = port_names[0] }, { .name = port_names[1] } };
static const struct qs_sw_platform platform = { .name = model,
                                                .model = model,
                                                .version = version,
                                                .serial = model,
                                                .major = 4,
                                                .minor = 32,
                                                .ports = ports,
                                                .port_count = QS_COUNT(ports),
                                                .management = { .name = port_names[2] } };

static uint64_t now_ms(void)
{
    return 1000;
}

static void ask(struct qs_sw_box *box, const char *body, size_t len)
{
    qs_auto(buf) struct qs_buf reply = QS_BUF(QS_SW_EAPI_REPLY_MAX);
    qs_auto(val) struct qs_val *v = NULL;
    struct qs_err err = QS_ERR_INIT;

    qs_sw_eapi_run(box, "fuzz", body, len, &reply);
    if (reply.over)
        return;
    if (qs_json_parse(qs_buf_text(&reply), reply.len, &v, &err) || !qs_val_get(v, "result") == !qs_val_get(v, "error"))
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const char last[] = "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"params\":{\"cmds\":[\"enable\","
                               "\"show running-config\"],\"format\":\"text\"}}";
    qs_auto(sw_box) struct qs_sw_box *box = NULL;
    struct qs_err err = QS_ERR_INIT;

    if (qs_sw_box_new(&platform, "username fuzz nopassword\nend\n", now_ms, &box, &err))
        abort();
    ask(box, (const char *)data, size);
    qs_sw_box_tick(box);
    ask(box, last, sizeof(last) - 1);
    return 0;
}
