/* Queries of print: "?" words in postfix order on a stack of truths. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "twin/router/router_int.h"

struct stack {
    bool truths[RTR_WORDS_MAX * 2];
    size_t count;
};

static enum qs_code bad_query(struct qs_err *err)
{
    return qs_err_set(err, QS_INVALID, 0, "invalid query");
}

static enum qs_code push(struct stack *s, bool truth, struct qs_err *err)
{
    if (s->count == QS_COUNT(s->truths))
        return bad_query(err);
    s->truths[s->count++] = truth;
    return QS_OK;
}

/* A decimal index, 0 for the top. Followed by more it pushes a copy, at the end it keeps that one alone. */
static enum qs_code use_index(struct stack *s, const char **at, struct qs_err *err)
{
    size_t index = 0;

    while (**at >= '0' && **at <= '9' && index < QS_COUNT(s->truths))
        index = index * 10 + (size_t)(*(*at)++ - '0');
    if (index >= s->count)
        return bad_query(err);
    if (**at != '\0') {
        *at += **at == '.'; /* a dot after an index only ends it */
        return push(s, s->truths[s->count - 1 - index], err);
    }
    s->truths[0] = s->truths[s->count - 1 - index];
    s->count = 1;
    return QS_OK;
}

static enum qs_code operate(struct stack *s, const char *at, struct qs_err *err)
{
    while (*at) {
        if (*at >= '0' && *at <= '9') {
            if (use_index(s, &at, err))
                return err->code;
            continue;
        }
        if (s->count < (*at == '!' || *at == '.' ? 1u : 2u))
            return bad_query(err);
        bool top = s->truths[s->count - 1];

        if (*at == '!') {
            s->truths[s->count - 1] = !top;
        } else if (*at == '.') {
            if (push(s, top, err))
                return err->code;
        } else if (*at == '&' || *at == '|') {
            bool below = s->truths[--s->count - 1];

            s->truths[s->count - 1] = *at == '&' ? below && top : below || top;
        } else {
            return bad_query(err);
        }
        at++;
    }
    return QS_OK;
}

static int compare(const char *a, const char *b)
{
    uint64_t x, y;

    if (qs_parse_u64(a, 0, UINT64_MAX, &x) && qs_parse_u64(b, 0, UINT64_MAX, &y))
        return x < y ? -1 : x > y;
    return strcmp(a, b);
}

/* Truths read as the device writes them, or as yes and no. */
static bool is_equal(const char *have, const char *want)
{
    if (qs_streq(want, "yes"))
        return qs_streq(have, "yes") || qs_streq(have, "true");
    if (qs_streq(want, "no"))
        return qs_streq(have, "no") || qs_streq(have, "false");
    return qs_streq(have, want);
}

/* "k", "-k", "k=v", "=k=v", ">k=v", "<k=v" */
static bool test_word(const char *word, rtr_lookup_fn *fn, void *arg)
{
    char op = strchr("-<>=", *word) && *word ? *word++ : '=';
    size_t len = strcspn(word, "=");
    qs_auto(buf) struct qs_buf name = QS_BUF(RTR_WORD_MAX), have = QS_BUF(RTR_VALUE_MAX);
    bool has;

    qs_buf_add(&name, word, len);
    has = fn(arg, qs_buf_text(&name), &have);
    if (op == '-')
        return !has;
    if (word[len] == '\0')
        return has;
    if (op == '=')
        return has && is_equal(qs_buf_text(&have), word + len + 1);
    return has && (op == '<' ? compare(qs_buf_text(&have), word + len + 1) < 0
                             : compare(qs_buf_text(&have), word + len + 1) > 0);
}

enum qs_code rtr_query(const struct rtr_sentence *in, rtr_lookup_fn *fn, void *arg, bool *ret, struct qs_err *err)
{
    struct stack s = { .count = 0 };

    for (size_t i = 1; i < in->count; i++) {
        const char *word = in->words[i];

        if (*word != '?')
            continue;
        if (word[1] == '#' ? operate(&s, word + 2, err) : push(&s, test_word(word + 1, fn, arg), err))
            return err->code;
    }
    *ret = true;
    for (size_t i = 0; i < s.count; i++) /* what is left is one conjunction */
        *ret = *ret && s.truths[i];
    return QS_OK;
}
