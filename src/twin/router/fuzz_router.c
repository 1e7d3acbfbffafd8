/* Bytes of a client that has logged in, against the whole router but its wires. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "twin/router/router_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char conf[] =
    "{\"name\":\"edge\",\"version\":\"7.18.2\",\"credentials\":{\"user\":\"qs\",\"password\":\"\"},"
    "\"management\":{\"port\":\"ether8\",\"addresses\":[\"10.0.0.14/24\"]},"
    "\"ports\":[{\"name\":\"ether1\",\"link\":\"ether1\"}]}";

/* A ruleset must come out of any store. */
static enum qs_code world(struct rtr *r, unsigned touched, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(16 << 20);

    (void)touched;
    rtr_nft_text(&r->store, &text);
    return qs_buf_check(&text, "firewall", err);
}

static void run(struct rtr_session *s, const uint8_t *data, size_t size)
{
    struct rtr_decoder d;
    struct qs_err err = QS_ERR_INIT;
    bool whole = true;

    rtr_decoder_init(&d);
    if (size > RTR_SENTENCE_MAX || rtr_decoder_feed(&d, data, size, &err))
        size = 0;
    while (size > 0 && whole && !s->closing) {
        struct rtr_sentence in = { 0 };

        if (rtr_decoder_next(&d, &in, &whole, &err))
            break;
        if (whole)
            rtr_session_handle(s, &in);
        rtr_sentence_done(&in);
    }
    rtr_decoder_done(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtr r = { .state_fd = -1, .world = world };
    struct rtr_session s = { 0 };
    struct qs_err err = QS_ERR_INIT;

    if (rtr_conf_read(conf, &r.conf, &err) || rtr_factory(&r.conf, &r.store, &err))
        abort();
    rtr_session_open(&s, &r, "api");
    s.user = qs_xstrdup("qs");
    run(&s, data, size);
    QS_IGNORE(rtr_commit(&r, &err));
    rtr_session_close(&s);
    QS_IGNORE(rtr_commit(&r, &err));
    rtr_store_done(&r.store);
    rtr_store_done(&r.safe.base);
    rtr_conf_done(&r.conf);
    return 0;
}
