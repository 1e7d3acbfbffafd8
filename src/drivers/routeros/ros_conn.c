/* drivers/routeros: one connection to the binary API: dial, log in, pipelined calls with a deadline each. */
#include "drivers/routeros/ros_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "net/tls.h"

#define READ_BYTES 16384u

struct ros_conn {
    struct qs_tls_conn *tls;
    struct qs_buf in; /* bytes not yet decoded */
    uint64_t timeout_ms;
    bool broken; /* after a failure the stream's state is unknown: no further call */
};

void ros_close(struct ros_conn *c)
{
    if (!c)
        return;
    qs_tls_close(c->tls);
    qs_buf_done(&c->in);
    free(c);
}

/* ---- replies ---- */

struct batch {
    struct qs_val *replies; /* one map a call */
    size_t open;            /* calls that are not done */
};

static void take_property(struct qs_val *row, const char *word)
{
    const char *key = word + 1, *eq = strchr(key, '=');
    qs_auto(str) char *name = eq ? qs_xstrndup(key, (size_t)(eq - key)) : NULL;

    if (eq)
        qs_val_set_str(row, name, eq + 1);
}

static struct qs_val *row_of(const struct ros_sentence *s)
{
    struct qs_val *row = qs_val_map();

    for (size_t i = 1; i < s->count; i++)
        if (s->words[i][0] == '=')
            take_property(row, s->words[i]);
    return row;
}

static struct qs_val *reply_of(const struct batch *b, const struct ros_sentence *s)
{
    for (size_t i = 1; i < s->count; i++) {
        const char *tag = qs_after(s->words[i], ".tag=");
        uint32_t n;

        if (tag && qs_parse_u32(tag, 0, UINT32_MAX, &n))
            return qs_val_at(b->replies, n);
    }
    return NULL;
}

static enum qs_code take_sentence(struct batch *b, const struct ros_sentence *s, struct qs_err *err)
{
    const char *kind = s->count ? s->words[0] : "";
    qs_auto(val) struct qs_val *row = row_of(s);
    struct qs_val *reply;

    if (qs_streq(kind, "!fatal"))
        return qs_err_set(err, QS_PROTO, 0, "the router closed the connection: %s",
                          s->count > 1 ? s->words[1] : "no reason given");
    reply = reply_of(b, s);
    if (!reply || qs_val_get(reply, "done"))
        return qs_err_set(err, QS_PROTO, 0, "the router answered what was not asked: '%s'", kind);
    if (qs_streq(kind, "!re")) {
        qs_val_add(qs_val_get(reply, "rows"), qs_take_ptr(row));
    } else if (qs_streq(kind, "!trap")) {
        qs_val_set_str(reply, "trap", qs_val_get_str(row, "message", "no reason given"));
    } else if (qs_streq(kind, "!done")) {
        qs_val_set_str(reply, "ret", qs_val_get_str(row, "ret", NULL));
        qs_val_set_bool(reply, "done", true);
        b->open--;
    } else if (!qs_streq(kind, "!empty")) { /* since 7.18, before !done */
        return qs_err_set(err, QS_PROTO, 0, "the router sent an unknown reply '%s'", kind);
    }
    return QS_OK;
}

static enum qs_code read_more(struct ros_conn *c, uint64_t deadline, size_t *total, struct qs_err *err)
{
    char *at = qs_buf_reserve(&c->in, READ_BYTES);
    size_t got = 0;
    enum qs_code code;

    if (!at || *total > ROS_REPLY_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "the router's reply is over %u bytes", ROS_REPLY_MAX);
    code = qs_tls_read(c->tls, at, READ_BYTES, &got, deadline, err);
    if (code)
        return code;
    if (!got)
        return qs_err_set(err, QS_UNREACHABLE, 0, "the router closed the connection");
    c->in.len += got;
    *total += got;
    return QS_OK;
}

static enum qs_code read_batch(struct ros_conn *c, struct batch *b, struct qs_err *err)
{
    uint64_t deadline = qs_mono_ms() + c->timeout_ms;
    size_t total = 0;

    while (b->open) {
        qs_auto(ros_sentence) struct ros_sentence s = { .words = NULL };
        size_t used;
        enum qs_code code = ros_decode(qs_buf_text(&c->in), c->in.len, &s, &used, err);

        if (!code && used) {
            qs_buf_consume(&c->in, used);
            code = take_sentence(b, &s, err);
        } else if (!code) {
            code = read_more(c, deadline, &total, err);
        }
        if (code)
            return code;
    }
    return QS_OK;
}

/* ---- calls ---- */

static void encode_batch(const struct qs_val *sentences, struct qs_buf *out)
{
    for (size_t i = 0; i < qs_val_count(sentences); i++) {
        const struct qs_val *words = qs_val_at(sentences, i);
        char tag[32];

        for (size_t w = 0; w < qs_val_count(words); w++)
            ros_encode_word(out, qs_val_string(qs_val_at(words, w), ""));
        (void)snprintf(tag, sizeof(tag), ".tag=%zu", i);
        ros_encode_word(out, tag);
        ros_encode_end(out);
    }
}

static struct batch batch_new(size_t count)
{
    struct batch b = { .replies = qs_val_list(), .open = count };

    for (size_t i = 0; i < count; i++)
        qs_val_set(qs_val_add(b.replies, qs_val_map()), "rows", qs_val_list());
    return b;
}

static enum qs_code exchange(struct ros_conn *c, const struct qs_buf *out, struct batch *b, struct qs_err *err)
{
    enum qs_code code = qs_buf_check(out, "the request to the router", err);

    if (code)
        return code;
    qs_fault_point("routeros.request");
    code = qs_tls_write(c->tls, out->data, out->len, qs_mono_ms() + c->timeout_ms, err);
    if (!code)
        code = read_batch(c, b, err);
    qs_fault_point("routeros.request");
    c->broken = code != QS_OK;
    return code;
}

enum qs_code ros_call_all(struct ros_conn *c, const struct qs_val *sentences, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(ROS_REPLY_MAX);
    struct batch b;
    enum qs_code code;

    if (c->broken)
        return qs_err_set(err, QS_UNREACHABLE, 0, "the connection to the router is lost");
    b = batch_new(qs_val_count(sentences));
    encode_batch(sentences, &out);
    code = exchange(c, &out, &b, err);
    if (code) {
        qs_val_free(b.replies);
        return code;
    }
    *ret = b.replies;
    return QS_OK;
}

enum qs_code ros_call(struct ros_conn *c, const struct qs_val *sentence, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *one = qs_val_list(), *replies = NULL;
    const char *trap;
    enum qs_code code;

    qs_val_add(one, qs_val_copy(sentence));
    code = ros_call_all(c, one, &replies, err);
    if (code)
        return code;
    trap = qs_val_get_str(qs_val_at(replies, 0), "trap", NULL);
    if (trap)
        return qs_err_set(err, QS_REFUSED, 0, "the router refused '%s': %s", qs_val_string(qs_val_at(sentence, 0), ""),
                          trap);
    if (ret)
        *ret = qs_val_copy(qs_val_at(replies, 0));
    return QS_OK;
}

static enum qs_code login(struct ros_conn *c, const struct qs_target *t, struct qs_err *err)
{
    qs_auto(val) struct qs_val *words = qs_val_list(), *reply = NULL;
    enum qs_code code;

    qs_val_add(words, qs_val_str("/login"));
    qs_val_add(words, qs_val_strf("=name=%s", t->user ? t->user : ""));
    qs_val_add(words, qs_val_strf("=password=%s", t->password ? t->password : ""));
    code = ros_call(c, words, &reply, err);
    if (code == QS_REFUSED)
        return qs_err_set(err, QS_DENIED, 0, "the router refused the user name or the password");
    if (code)
        return code;
    if (qs_val_get(reply, "ret"))
        return qs_err_set(err, QS_UNSUPPORTED, 0, "the router wants the login of RouterOS before 6.43");
    return QS_OK;
}

enum qs_code ros_dial(const struct qs_target *t, struct ros_conn **ret, struct qs_err *err)
{
    qs_auto(ros_conn) struct ros_conn *c = NULL;
    enum qs_code code;

    if (!t->pin) {
        (void)qs_err_set(err, QS_DENIED, 0, "the certificate of the router is not pinned");
        return qs_err_hint(err, "Compare its SHA-256 fingerprint by hand, then pin it for '%s'.", t->name);
    }
    c = qs_xzalloc(sizeof(*c));
    c->in = QS_BUF(ROS_REPLY_MAX);
    c->timeout_ms = t->timeout_ms;
    code = qs_tls_dial(t->address, t->port, t->pin, t->timeout_ms, &c->tls, err);
    if (!code)
        code = login(c, t, err);
    if (code)
        return code;
    *ret = qs_take_ptr(c);
    return QS_OK;
}
