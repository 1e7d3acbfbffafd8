#include "roles/status/condition.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/json.h"

#define SHOWN_MAX 25 /* longer values are cut where a condition is explained */

static const struct {
    const char *name;
    enum qs_place place;
} places[] = {
    { "[STATUS]", QS_PLACE_STATUS },
    { "[RESPONSE_TIME]", QS_PLACE_RESPONSE_TIME },
    { "[IP]", QS_PLACE_IP },
    { "[BODY]", QS_PLACE_BODY },
    { "[CONNECTED]", QS_PLACE_CONNECTED },
    { "[CERTIFICATE_EXPIRATION]", QS_PLACE_CERTIFICATE },
    { "[CERTIFICATE]", QS_PLACE_CERTIFICATE },
    { "[DNS_RCODE]", QS_PLACE_RCODE },
};
/* In this order: the first that occurs between blanks splits the text, so "<=" is seen before "<". */
static const struct {
    const char *text;
    enum qs_operator op;
} operators[] = {
    { " == ", QS_OP_EQ }, { " != ", QS_OP_NE }, { " <= ", QS_OP_LE },
    { " >= ", QS_OP_GE }, { " > ", QS_OP_GT },  { " < ", QS_OP_LT },
};
static const struct {
    const char *name;
    enum qs_function fn;
    bool of_place; /* len() and has() look at a body; pat() and any() are literals */
} functions[] = {
    { "len(", QS_FN_LEN, true },
    { "has(", QS_FN_HAS, true },
    { "pat(", QS_FN_PAT, false },
    { "any(", QS_FN_ANY, false },
};

/* Copies text[0..len) without the blanks around it. */
static void trimmed(char *to, const char *text, size_t len)
{
    while (len && isspace((unsigned char)text[0]))
        text++, len--;
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    if (len >= QS_CONDITION_MAX)
        len = QS_CONDITION_MAX - 1;
    memmove(to, text, len);
    to[len] = '\0';
}

static enum qs_code parse_place(struct qs_side *s, struct qs_err *err)
{
    for (size_t i = 0; i < QS_COUNT(places); i++) {
        size_t n = strlen(places[i].name);

        if (strncasecmp(s->text, places[i].name, n) != 0)
            continue;
        if (places[i].place != QS_PLACE_BODY && s->text[n])
            return qs_err_set(err, QS_INVALID, 0, "nothing may follow %s", places[i].name);
        if (s->text[n] && s->text[n] != '.' && s->text[n] != '[')
            return qs_err_set(err, QS_INVALID, 0, "after [BODY] comes a path: .name or [0]");
        s->place = places[i].place;
        n += s->text[n] == '.';
        memmove(s->text, s->text + n, strlen(s->text + n) + 1);
        return QS_OK;
    }
    if (s->text[0] == '[' && s->text[1] >= 'A' && s->text[1] <= 'Z')
        return qs_err_set(err, QS_INVALID, 0, "'%.40s' is not a value of a check", s->text);
    s->place = QS_PLACE_LITERAL;
    return QS_OK;
}

static enum qs_code parse_side(const char *text, size_t len, struct qs_side *s, struct qs_err *err)
{
    trimmed(s->text, text, len);
    if (!s->text[0])
        return qs_err_set(err, QS_INVALID, 0, "a side of the condition is empty");
    for (size_t i = 0; i < QS_COUNT(functions); i++) {
        size_t n = strlen(functions[i].name), all = strlen(s->text);

        if (strncasecmp(s->text, functions[i].name, n) != 0)
            continue;
        if (s->text[all - 1] != ')' || all < n + 2)
            return qs_err_set(err, QS_INVALID, 0, "'%s…' lacks its content or its ')'", functions[i].name);
        s->fn = functions[i].fn;
        trimmed(s->text, s->text + n, all - n - 1);
        if (!functions[i].of_place)
            return QS_OK; /* a literal */
        if (parse_place(s, err))
            return err->code;
        if (s->place != QS_PLACE_BODY)
            return qs_err_set(err, QS_INVALID, 0, "%s…) looks at [BODY] only", functions[i].name);
        return QS_OK;
    }
    return parse_place(s, err);
}

enum qs_code qs_condition_parse(const char *text, struct qs_condition *ret, struct qs_err *err)
{
    struct qs_condition c = { .source = NULL };
    const char *at = NULL;
    size_t op_len = 0;

    if (strlen(text) >= QS_CONDITION_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "a condition is longer than %d bytes", QS_CONDITION_MAX - 1);
    for (size_t i = 0; i < QS_COUNT(operators) && !at; i++) {
        at = strstr(text, operators[i].text);
        c.op = operators[i].op;
        op_len = strlen(operators[i].text);
    }
    if (!at) {
        (void)qs_err_set(err, QS_INVALID, 0, "condition '%.80s' has no operator between blanks", text);
        return qs_err_hint(err, "Write one of == != <= >= > <, for example: [STATUS] == 200");
    }
    if (parse_side(text, (size_t)(at - text), &c.left, err) ||
        parse_side(at + op_len, strlen(at + op_len), &c.right, err))
        return qs_err_wrap(err, "condition '%.80s'", text);
    if ((c.left.fn >= QS_FN_PAT || c.right.fn >= QS_FN_PAT) && c.op != QS_OP_EQ && c.op != QS_OP_NE)
        return qs_err_set(err, QS_INVALID, 0, "condition '%.80s': pat() and any() take == or != only", text);
    c.source = qs_xstrdup(text);
    *ret = c;
    return QS_OK;
}

void qs_condition_done(struct qs_condition *c)
{
    free(c->source);
    c->source = NULL;
}

/* ---- values ---- */

static char *json_text(const struct qs_val *v)
{
    struct qs_buf b = QS_BUF(1 << 20);

    if (v->type == QS_STRING)
        return qs_xstrdup(v->u.s);
    qs_json_write(v, &b);
    return qs_buf_take(&b);
}

/* What a path under [BODY] gives; NULL when it is not there. */
static char *body_value(const struct qs_side *s, const struct qs_observed *seen)
{
    const struct qs_val *v;

    if (s->fn == QS_FN_NONE && !s->text[0])
        return qs_xstrdup(seen->body ? seen->body : "");
    v = seen->json ? qs_json_path(seen->json, s->text) : NULL;
    if (s->fn == QS_FN_HAS)
        return qs_xstrdup(v ? "true" : "false");
    if (s->fn == QS_FN_LEN && !s->text[0] && !v)
        return qs_xasprintf("%zu", strlen(seen->body ? seen->body : ""));
    if (!v)
        return NULL;
    if (s->fn != QS_FN_LEN)
        return json_text(v);
    if (v->type == QS_STRING)
        return qs_xasprintf("%zu", strlen(v->u.s));
    return v->type == QS_LIST || v->type == QS_MAP ? qs_xasprintf("%zu", qs_val_count(v)) : NULL;
}

static char *side_value(const struct qs_side *s, const struct qs_observed *seen)
{
    switch (s->place) {
    case QS_PLACE_STATUS:
        return qs_xasprintf("%d", seen->status);
    case QS_PLACE_RESPONSE_TIME:
        return qs_xasprintf("%" PRIu64, seen->elapsed_ms);
    case QS_PLACE_IP:
        return qs_xstrdup(seen->ip);
    case QS_PLACE_BODY:
        return body_value(s, seen);
    case QS_PLACE_CONNECTED:
        return qs_xstrdup(seen->connected ? "true" : "false");
    case QS_PLACE_CERTIFICATE:
        return seen->certificate_ms == INT64_MIN ? NULL : qs_xasprintf("%" PRId64, seen->certificate_ms);
    case QS_PLACE_RCODE:
        return qs_xstrdup(seen->rcode);
    case QS_PLACE_LITERAL:
        break;
    }
    return qs_xstrdup(s->text);
}

/* An integer with an optional sign. */
static bool as_number(const char *text, int64_t *ret)
{
    bool minus = text[0] == '-';
    uint64_t n;

    if (!qs_parse_u64(text + minus, 0, INT64_MAX, &n))
        return false;
    *ret = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

/* A number, or beside a time a duration ("168h"): both in milliseconds then. */
static bool as_amount(const char *text, const struct qs_condition *c, int64_t *ret)
{
    bool timed = c->left.place == QS_PLACE_CERTIFICATE || c->right.place == QS_PLACE_CERTIFICATE ||
                 c->left.place == QS_PLACE_RESPONSE_TIME || c->right.place == QS_PLACE_RESPONSE_TIME;
    uint64_t ms;

    if (as_number(text, ret))
        return true;
    if (!timed || !qs_parse_duration_ms(text, &ms) || ms > INT64_MAX)
        return false;
    *ret = (int64_t)ms;
    return true;
}

static bool plain_equal(const struct qs_condition *c, const char *a, const char *b)
{
    int64_t x, y;

    if (as_amount(a, c, &x) && as_amount(b, c, &y))
        return x == y;
    return strcmp(a, b) == 0;
}

static bool any_equal(const struct qs_condition *c, const char *list, const char *value)
{
    while (*list) {
        size_t n = strcspn(list, ",");
        char item[QS_CONDITION_MAX];

        trimmed(item, list, n);
        if (plain_equal(c, item, value))
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

/* "*" stands for any text, "?" for one byte. Linear in the text for each star: no pattern makes it slow. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++, text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool sides_equal(const struct qs_condition *c, const char *left, const char *right)
{
    if (c->right.fn == QS_FN_PAT)
        return matches(right, left);
    if (c->left.fn == QS_FN_PAT)
        return matches(left, right);
    if (c->right.fn == QS_FN_ANY)
        return any_equal(c, right, left);
    if (c->left.fn == QS_FN_ANY)
        return any_equal(c, left, right);
    return plain_equal(c, left, right);
}

static bool compare(const struct qs_condition *c, const char *left, const char *right)
{
    int64_t x, y;

    if (c->op == QS_OP_EQ || c->op == QS_OP_NE)
        return sides_equal(c, left, right) == (c->op == QS_OP_EQ);
    if (!as_amount(left, c, &x) || !as_amount(right, c, &y))
        return false;
    return c->op == QS_OP_LE ? x <= y : c->op == QS_OP_GE ? x >= y : c->op == QS_OP_GT ? x > y : x < y;
}

/* "[STATUS] (503) == 200": the value seen stands behind each side that was read from the result. */
static void explain(const struct qs_condition *c, const char *left, const char *right, char *why, size_t size)
{
    const char *split = NULL;
    size_t i = 0;
    qs_auto(buf) struct qs_buf b = QS_BUF(4 * QS_CONDITION_MAX);

    while (operators[i].op != c->op)
        i++;
    split = strstr(c->source, operators[i].text);
    qs_buf_add(&b, c->source, (size_t)(split - c->source));
    if (c->left.place != QS_PLACE_LITERAL)
        qs_buf_printf(&b, " (%.*s)", SHOWN_MAX, left ? left : "INVALID");
    qs_buf_puts(&b, split);
    if (c->right.place != QS_PLACE_LITERAL)
        qs_buf_printf(&b, " (%.*s)", SHOWN_MAX, right ? right : "INVALID");
    (void)snprintf(why, size, "%s", qs_buf_text(&b));
}

bool qs_condition_holds(const struct qs_condition *c, const struct qs_observed *seen, char *why, size_t size)
{
    qs_auto(str) char *left = side_value(&c->left, seen);
    qs_auto(str) char *right = side_value(&c->right, seen);
    bool holds = left && right && compare(c, left, right);

    if (!holds && why)
        explain(c, left, right, why, size);
    return holds;
}
