/* The router without wires: commands in, sentences out, a world that only notes what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "text/json.h"
#include "twin/router/router_int.h"

#define REFUSED "src/twin/router/testdata/refused.txt"

static const char conf[] =
    "{\"name\":\"edge\",\"model\":\"x86\",\"version\":\"%s\",\"credentials\":{\"user\":\"qs\",\"password\":\"pw\"},"
    "\"management\":{\"port\":\"ether8\",\"link\":\"ether8\",\"addresses\":[\"10.0.0.14/24\"]},"
    "\"ports\":[{\"name\":\"ether1\",\"link\":\"ether1\"},{\"name\":\"ether2\",\"link\":\"ether2\"},"
    "{\"name\":\"ether3\"}]}";

struct box {
    struct rtr r;
    struct rtr_session s, other;
    struct qs_buf got; /* the last replies as text */
    unsigned moves;    /* of the world */
    bool stuck;        /* the world refuses */
};

static struct box *box_of_router; /* the fake has no argument of its own */

static enum qs_code fake_world(struct rtr *r, unsigned touched, struct qs_err *err)
{
    (void)r;
    (void)touched;
    box_of_router->moves++;
    return box_of_router->stuck ? qs_err_set(err, QS_IO, 0, "the world is stuck") : QS_OK;
}

/* Replies as text: words parted by blanks, sentences by " | ". */
static const char *text_of(struct box *b, struct rtr_session *s)
{
    struct rtr_decoder d;
    struct qs_err err = QS_ERR_INIT;
    bool whole = true;

    rtr_decoder_init(&d);
    qs_buf_clear(&b->got);
    assert_int_equal(rtr_decoder_feed(&d, qs_buf_text(&s->out), s->out.len, &err), QS_OK);
    while (whole) {
        struct rtr_sentence in = { 0 };

        assert_int_equal(rtr_decoder_next(&d, &in, &whole, &err), QS_OK);
        for (size_t i = 0; i < in.count; i++)
            qs_buf_printf(&b->got, "%s%s", i ? " " : b->got.len ? " | " : "", in.words[i]);
        rtr_sentence_done(&in);
    }
    rtr_decoder_done(&d);
    qs_buf_clear(&s->out);
    return qs_buf_text(&b->got);
}

/* Says one sentence, its words parted by blanks ("_" stands for a blank), and gives the replies. */
static const char *say_as(struct box *b, struct rtr_session *s, const char *line)
{
    struct rtr_sentence in = { 0 };
    struct qs_err err = QS_ERR_INIT;

    for (const char *at = line; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        char *word = qs_xstrndup(at, len);

        for (char *c = word; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        *QS_PUSH(in.words, in.count) = word;
        at += len;
    }
    rtr_session_handle(s, &in);
    rtr_sentence_done(&in);
    QS_IGNORE(rtr_commit(&b->r, &err));
    return text_of(b, s);
}

static const char *say(struct box *b, const char *line)
{
    return say_as(b, &b->s, line);
}

static struct box *new_box(const char *version)
{
    struct box *b = qs_xzalloc(sizeof(*b));
    struct qs_err err = QS_ERR_INIT;
    char *json = qs_xasprintf(conf, version);

    box_of_router = b;
    b->got = QS_BUF(1 << 20);
    b->r.world = fake_world;
    b->r.state_fd = -1;
    assert_int_equal(rtr_conf_read(json, &b->r.conf, &err), QS_OK);
    assert_int_equal(rtr_factory(&b->r.conf, &b->r.store, &err), QS_OK);
    rtr_session_open(&b->s, &b->r, "api");
    rtr_session_open(&b->other, &b->r, "api");
    assert_true(qs_ip_parse("10.0.0.2", &b->s.peer) && qs_ip_parse("10.0.0.3", &b->other.peer));
    assert_string_equal(say_as(b, &b->s, "/login =name=qs =password=pw"), "!done");
    assert_string_equal(say_as(b, &b->other, "/login =name=qs =password=pw"), "!done");
    free(json);
    return b;
}

static void end_box(struct box *b)
{
    rtr_session_close(&b->s);
    rtr_session_close(&b->other);
    rtr_store_done(&b->r.undo);
    rtr_store_done(&b->r.store);
    rtr_store_done(&b->r.safe.base);
    rtr_conf_done(&b->r.conf);
    qs_buf_done(&b->got);
    free(b);
}

static int setup(void **state)
{
    *state = new_box("7.18.2");
    return 0;
}

static int teardown(void **state)
{
    end_box(*state);
    return 0;
}

static void add_rules(struct box *b, const char *comments)
{
    for (; *comments; comments++) {
        qs_auto(str) char *line = qs_xasprintf("/ip/firewall/filter/add =chain=forward =action=drop =comment=%c",
                                               *comments);

        (void)say(b, line);
    }
}

/* The comments of the filter rows in order: "abc". */
static const char *order(struct box *b, char *text, size_t size)
{
    const struct rtr_table *t = &b->r.store.tables[RTR_FILTER4];
    size_t n = 0;

    for (size_t i = 0; i < t->count && n + 1 < size; i++)
        text[n++] = *rtr_value(t->rows[i], "comment");
    text[n] = '\0';
    return text;
}

static void every_menu_is_whole(void **state)
{
    (void)state;
    for (enum rtr_menu_id id = 0; id < RTR_MENU_MAX; id++) {
        const struct rtr_menu *m = rtr_menu(id);
        size_t count = 0;

        assert_non_null(m->path);
        assert_ptr_equal(rtr_menu_find(m->path, strlen(m->path)), m);
        for (const struct rtr_attr *a = m->attrs; a->name; a++, count++) {
            if (a->norm == rtr_norm_word || a->norm == rtr_norm_words)
                assert_non_null(a->words);
            if ((a->get && a->norm) || (a->norm == rtr_norm_uint && a->max == 0))
                fail_msg("%s: attribute %s contradicts itself", m->path, a->name);
        }
        assert_in_range(count, 1, RTR_ATTRS_MAX);
        assert_true(!m->keys[0] || m->taken);
    }
}

static void values_are_kept_as_the_device_keeps_them(void **state)
{
    static const struct {
        rtr_norm_fn *norm;
        const char *in, *want; /* NULL: refused */
    } rows[] = {
        { rtr_norm_bool, "yes", "true" },
        { rtr_norm_bool, "false", "false" },
        { rtr_norm_bool, "", NULL },
        { rtr_norm_duration, "90", "1m30s" },
        { rtr_norm_duration, "0", "0s" },
        { rtr_norm_duration, "1d2h3m4s", "1d2h3m4s" },
        { rtr_norm_duration, "00:10:00", "10m" },
        { rtr_norm_duration, "8d", "1w1d" },
        { rtr_norm_duration, "5s1m", NULL },
        { rtr_norm_duration, "5m3", NULL },
        { rtr_norm_duration, "", NULL },
        { rtr_norm_iface4, "10.0.0.1", "10.0.0.1/32" },
        { rtr_norm_iface4, "10.0.0.1/24", "10.0.0.1/24" },
        { rtr_norm_iface6, "fd00::0:1", "fd00::1/64" },
        { rtr_norm_dest4, "10.0.0.1/24", "10.0.0.0/24" },
        { rtr_norm_dest6, "::/0", "::/0" },
        { rtr_norm_match4, "10.10.10.10/32", "10.10.10.10" },
        { rtr_norm_match4, "10.10.10.10", "10.10.10.10" },
        { rtr_norm_match4, "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9" },
        { rtr_norm_match6, "fd00::1", "fd00::1/128" },
        { rtr_norm_match6, "10.0.0.1", NULL },
        { rtr_norm_protocol, "6", "tcp" },
        { rtr_norm_protocol, "200", "200" },
        { rtr_norm_protocol, "0", NULL },
        { rtr_norm_ports, "80,443,1000-2000", "80,443,1000-2000" },
        { rtr_norm_ports, "80,", NULL },
        { rtr_norm_ports, "80,,81", NULL },
        { rtr_norm_gateway4, "10.0.0.1%ether1", "10.0.0.1%ether1" },
        { rtr_norm_gateway4, "ether1", "ether1" },
        { rtr_norm_gateway6, "10.0.0.1", NULL },
        { rtr_norm_from, "10.0.0.5/24,fd00::1", "10.0.0.0/24,fd00::1/128" },
        { rtr_norm_mac, "aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF" },
    };
    static const struct rtr_attr attr = { .name = "x" };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(buf) struct qs_buf out = QS_BUF(256);
        struct qs_err err = QS_ERR_INIT;
        enum qs_code code = rows[i].norm(&attr, rows[i].in, &out, &err);

        if ((code == QS_OK) != (rows[i].want != NULL) || (rows[i].want && !qs_streq(rows[i].want, qs_buf_text(&out))))
            fail_msg("row %zu: '%s' became '%s', %s", i, rows[i].in, qs_buf_text(&out), qs_code_text(code));
    }
}

static void what_is_wrong_is_refused_in_the_device_s_words(void **state)
{
    struct box *b = *state;
    qs_auto(buf) struct qs_buf file = QS_BUF(1 << 20);
    struct qs_err err = QS_ERR_INIT;
    unsigned count = 0;

    assert_int_equal(qs_fs_read(AT_FDCWD, REFUSED, &file, &err), QS_OK);
    (void)say(b, "/system/script/add =name=undo =source=x");
    qs_auto(val) struct qs_val *before = rtr_store_to_val(&b->r.store);
    for (char *line = file.data, *end; *line; line = end + 1) {
        char *arrow;

        end = line + strcspn(line, "\n");
        *end = '\0';
        arrow = strstr(line, " -> ");
        if (*line == '#' || !arrow)
            continue;
        *arrow = '\0';
        const char *got = strstr(say(b, line), "=message=");

        if (!got || strncmp(got + 9, arrow + 4, strlen(arrow + 4)) != 0 ||
            !qs_streq(got + 9 + strlen(arrow + 4), " | !done"))
            fail_msg("%s\n  want %s\n  got  %s", line, arrow + 4, qs_buf_text(&b->got));
        count++;
    }
    qs_auto(val) struct qs_val *after = rtr_store_to_val(&b->r.store);
    assert_true(qs_val_equal(before, after));
    assert_in_range(count, 90, 1000);
}

static void replies_carry_the_tag_and_the_category(void **state)
{
    struct box *b = *state;

    assert_string_equal(say(b, "/system/identity/print .tag=7"), "!re .tag=7 =name=MikroTik | !done .tag=7");
    assert_string_equal(say(b, "/nowhere/print .tag=a b"),
                        "!trap .tag=a =category=0 =message=no such command prefix | !done .tag=a");
    assert_string_equal(say(b, "/ip/address/add =x=1"), "!trap =category=1 =message=unknown parameter x | !done");
    assert_string_equal(say(b, "/ip/firewall/filter/print"), "!empty | !done");
    assert_string_equal(say(b, "/ip/firewall/filter/print =count-only="), "!done =ret=0");
    assert_string_equal(say(b, "/ip/address/print =.proplist=address,comment,.id"),
                        "!re =address=10.0.0.14/24 =.id=*1 | !done");
    assert_string_equal(say(b, "/cancel =tag=7"), "!done");
    assert_string_equal(say(b, "/quit"), "!fatal session terminated on request");
    assert_true(b->s.closing);
}

static void an_older_router_knows_neither_empty_nor_safe_mode(void **state)
{
    struct box *b = new_box("7.17.2");

    (void)state;
    assert_string_equal(say(b, "/ip/firewall/filter/print"), "!done");
    assert_string_equal(say(b, "/safe-mode/take"), "!trap =category=0 =message=no such command prefix | !done");
    end_box(b);
}

static void queries_are_a_postfix_stack(void **state)
{
    static const struct {
        const char *words, *want; /* the comments of the rows that pass */
    } rows[] = {
        { "", "abcd" },
        { "?comment=a", "a" },
        { "?=comment=a", "a" },
        { "?comment=a ?comment=b", "" },
        { "?comment=a ?comment=b ?#|", "ab" },
        { "?comment=a ?#!", "bcd" },
        { "?protocol", "b" },
        { "?-protocol", "acd" },
        { "?disabled=yes", "c" },
        { "?disabled=true", "c" },
        { "?disabled=no ?comment=c ?#|!", "" },
        { "?>comment=b", "cd" },
        { "?<comment=b", "a" },
        { "?comment=a ?comment=b ?#1.!&", "" },
        { "?comment=a ?comment=b ?#.||", "ab" },
        { "?comment=a ?comment=b ?comment=c ?#2", "a" },
        { "?colour", "" },
        { "?.id=*3", "c" },
    };
    struct box *b = *state;

    add_rules(b, "abcd");
    (void)say(b, "/ip/firewall/filter/set =.id=*2 =protocol=tcp");
    (void)say(b, "/ip/firewall/filter/disable =.id=*3");
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(str) char *line = qs_xasprintf("/ip/firewall/filter/print =.proplist=comment %s", rows[i].words);
        char got[8] = "";

        for (const char *at = say(b, line); (at = strstr(at, "=comment=")); at += 9)
            strncat(got, at + 9, 1);
        if (!qs_streq(got, rows[i].want))
            fail_msg("'%s': got '%s', want '%s'", rows[i].words, got, rows[i].want);
    }
}

static void move_has_the_device_s_quirks(void **state)
{
    static const struct {
        const char *words, *want;
    } rows[] = {
        { "=numbers=*4 =destination=*1", "dabc" },
        { "=numbers=*4,*3 =destination=*1", "dcab" },
        { "=numbers=*3,*4 =destination=*1", "cdab" },
        { "=numbers=*1 =destination=*99", "bcda" }, /* unknown: the end, silently */
        { "=numbers=*1", "bcda" },
        { "=numbers=0 =destination=2", "bacd" }, /* bare numbers are positions */
        { "=numbers=*1 =destination=*1", "abcd" },
        { "=numbers=*2,*1 =destination=*1", "abcd" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct box *b = new_box("7.18.2");
        qs_auto(str) char *line = qs_xasprintf("/ip/firewall/filter/move %s", rows[i].words);
        char text[8];

        add_rules(b, "abcd");
        (void)say(b, line);
        if (!qs_streq(order(b, text, sizeof(text)), rows[i].want))
            fail_msg("'%s': got '%s', want '%s'", rows[i].words, text, rows[i].want);
        end_box(b);
    }
}

static void ids_are_never_given_out_twice(void **state)
{
    struct box *b = *state;

    add_rules(b, "ab");
    (void)say(b, "/ip/firewall/filter/remove =.id=*1,*2");
    assert_string_equal(say(b, "/ip/firewall/filter/add =chain=input"), "!done =ret=*3");
    (void)say(b, "/safe-mode/take");
    assert_string_equal(say(b, "/ip/firewall/filter/add =chain=input =place-before=0"), "!done =ret=*4");
    (void)say(b, "/safe-mode/unroll");
    assert_string_equal(say(b, "/ip/firewall/filter/add =chain=input"), "!done =ret=*5");
    assert_string_equal(say(b, "/ip/route/add =dst-address=0.0.0.0/0 =gateway=10.0.0.1"), "!done =ret=*80000001");
}

static void unset_values_are_left_out(void **state)
{
    struct box *b = *state;

    add_rules(b, "a");
    (void)say(b, "/ip/firewall/filter/set =.id=*1 =log=no =src-address=!10.0.0.1/24");
    assert_string_equal(say(b, "/ip/firewall/filter/print"),
                        "!re =.id=*1 =chain=forward =action=drop =src-address=!10.0.0.0/24 =log=false =invalid=false "
                        "=dynamic=false =comment=a =disabled=false | !done");
    (void)say(b, "/ip/firewall/filter/set =.id=*1 =comment= =!src-address");
    (void)say(b, "/ip/firewall/filter/unset =numbers=0 =value-name=log");
    assert_string_equal(
        say(b, "/ip/firewall/filter/print"),
        "!re =.id=*1 =chain=forward =action=drop =invalid=false =dynamic=false =disabled=false | !done");
}

static void a_refused_change_of_several_rows_changes_none(void **state)
{
    struct box *b = *state;

    (void)say(b, "/ip/address/add =address=10.1.0.1/24 =interface=ether1");
    (void)say(b, "/ip/address/add =address=10.2.0.1/24 =interface=ether1");
    assert_non_null(strstr(say(b, "/ip/address/set =.id=*2,*3 =address=10.3.0.1/24"), "already have"));
    assert_non_null(strstr(say(b, "/ip/address/print ?.id=*2"), "10.1.0.1/24"));
}

static void names_of_interfaces_are_followed(void **state)
{
    struct box *b = *state;

    (void)say(b, "/ip/firewall/filter/add =chain=input =in-interface=!ether1");
    (void)say(b, "/ip/route/add =dst-address=1.0.0.0/8 =gateway=10.0.0.1%ether1");
    assert_string_equal(say(b, "/interface/ethernet/set =.id=ether1 =name=wan"), "!done");
    assert_non_null(strstr(say(b, "/ip/firewall/filter/print"), "=in-interface=!wan"));
    assert_non_null(strstr(say(b, "/ip/route/print ?static=true"), "=gateway=10.0.0.1%wan"));
    assert_string_equal(rtr_link(&b->r.store, "wan"), "ether1");
}

static void a_world_that_cannot_follow_takes_the_change_back(void **state)
{
    struct box *b = *state;

    b->stuck = true;
    (void)say(b, "/ip/address/add =address=10.1.0.1/24 =interface=ether1");
    b->stuck = false;
    assert_string_equal(say(b, "/ip/address/print =.proplist=address"), "!re =address=10.0.0.14/24 | !done");
    assert_int_equal(b->moves, 2); /* there and back */
    (void)say(b, "/system/identity/set =name=x");
    assert_int_equal(b->moves, 2); /* nothing out there knows the name */
}

static void safe_mode_undoes_what_all_sessions_did(void **state)
{
    struct box *b = *state;

    assert_string_equal(say(b, "/safe-mode/take"), "!done");
    assert_non_null(strstr(say_as(b, &b->other, "/safe-mode/take"), "another session"));
    (void)say(b, "/system/identity/set =name=mine");
    (void)say_as(b, &b->other, "/ip/address/add =address=10.1.0.1/24 =interface=ether1");
    rtr_session_close(&b->s);
    rtr_session_open(&b->s, &b->r, "api");
    assert_string_equal(say_as(b, &b->other, "/system/identity/print"), "!re =name=MikroTik | !done");
    assert_string_equal(say_as(b, &b->other, "/ip/address/print =count-only="), "!done =ret=1");
    assert_string_equal(say_as(b, &b->other, "/safe-mode/take"), "!done");
}

static void the_history_ends_safe_mode_and_keeps_everything(void **state)
{
    struct box *b = *state;

    (void)say(b, "/safe-mode/take");
    for (int i = 0; i <= 100; i++)
        (void)say(b, "/system/identity/set =name=kept");
    assert_non_null(strstr(say(b, "/safe-mode/unroll"), "not taken"));
    assert_string_equal(say(b, "/system/identity/print"), "!re =name=kept | !done");
}

static void groups_limit_what_a_user_may_do(void **state)
{
    struct box *b = *state;

    (void)say(b, "/user/add =name=eve =group=read =password=x");
    (void)say(b, "/user/add =name=wim =group=write =password=x =address=192.168.0.0/16");
    assert_null(strstr(say(b, "/user/print"), "password"));
    assert_string_equal(say_as(b, &b->other, "/login =name=eve =password=x"), "!done");
    assert_non_null(strstr(say_as(b, &b->other, "/system/identity/set =name=x"), "not enough permissions (9)"));
    assert_non_null(strstr(say_as(b, &b->other, "/safe-mode/take"), "not enough permissions (9)"));
    assert_non_null(strstr(say_as(b, &b->other, "/login =name=wim =password=x"), "invalid user name or password (6)"));
    (void)say(b, "/user/disable =.id=eve");
    assert_non_null(strstr(say_as(b, &b->other, "/login =name=eve =password=x"), "invalid user name"));
    assert_string_equal(say_as(b, &b->other, "/login =name=eve =password=x"), "!fatal too many commands before login");
}

static void the_configuration_survives_as_json(void **state)
{
    struct box *b = *state;
    struct rtr_store again = { 0 };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    qs_auto(val) struct qs_val *v = NULL, *read = NULL, *v2 = NULL;

    add_rules(b, "abc");
    (void)say(b, "/ip/firewall/filter/move =numbers=2 =destination=0");
    (void)say(b, "/ip/route/add =dst-address=10.9.0.0/16 =blackhole=");
    v = rtr_store_to_val(&b->r.store);
    qs_json_write(v, &text);
    assert_null(strstr(qs_buf_text(&text), "\"pw\""));
    assert_int_equal(qs_json_parse(qs_buf_text(&text), text.len, &read, &err), QS_OK);
    assert_int_equal(rtr_store_from_val(read, &again, &err), QS_OK);
    v2 = rtr_store_to_val(&again);
    assert_true(qs_val_equal(v, v2));
    qs_val_set_str(read, "format", "other/9");
    rtr_store_done(&again);
    assert_int_equal(rtr_store_from_val(read, &again, &err), QS_INVALID);
}

static void rows_become_one_ruleset(void **state)
{
    static const char *const lines[] = {
        "/ip/firewall/address-list/add =list=our_own =address=10.0.0.0/8",
        "/ip/firewall/address-list/add =list=our_own =address=11.0.0.1-11.0.0.9",
        "/ip/firewall/filter/add =chain=input =connection-state=related,established",
        ("/ip/firewall/filter/add =chain=forward =protocol=tcp =dst-port=80,443 =src-address-list=our_own "
         "=in-interface=!ether1 =log=yes =log-prefix=a\"b"),
        "/ip/firewall/filter/add =chain=forward =action=jump =jump-target=more",
        "/ip/firewall/filter/add =chain=more =action=reject =src-address-list=!none",
        "/ip/firewall/filter/add =chain=forward =action=drop =disabled=yes",
        "/ip/firewall/nat/add =chain=srcnat =action=masquerade =out-interface=ether1",
        "/ip/firewall/nat/add =chain=dstnat =action=dst-nat =protocol=tcp =dst-port=80 =to-addresses=10.0.0.5 "
        "=to-ports=8080",
        "/ipv6/firewall/nat/add =chain=dstnat =action=dst-nat =protocol=tcp =dst-port=80 =to-addresses=fd00::5 "
        "=to-ports=8080",
    };
    static const char *const want[] = {
        "table ip qs\ndelete table ip qs\ntable ip qs {\n",
        "  ct state { established,related } counter accept\n",
        "  iifname != \"ether1\" ip saddr @l0 meta l4proto 6 th dport { 80,443 } log prefix \"a_b\" counter accept\n"
        "  counter jump f0\n }\n",
        " chain f0 {\n  ip saddr != @l1 counter reject with icmp type net-unreachable\n }\n",
        "  oifname \"ether1\" counter masquerade\n",
        "  meta l4proto 6 th dport { 80 } counter dnat to 10.0.0.5:8080\n",
        " set l0 {\n  type ipv4_addr; flags interval; auto-merge;\n  elements = { 10.0.0.0/8, 11.0.0.1-11.0.0.9 };\n "
        "}\n"
        " set l1 {\n  type ipv4_addr; flags interval; auto-merge;\n }\n",
        "  meta l4proto 6 th dport { 80 } counter dnat to [fd00::5]:8080\n",
    };
    struct box *b = *state;
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);

    for (size_t i = 0; i < QS_COUNT(lines); i++)
        if (!qs_after(say(b, lines[i]), "!done"))
            fail_msg("%s: %s", lines[i], qs_buf_text(&b->got));
    rtr_nft_text(&b->r.store, &text);
    for (size_t i = 0; i < QS_COUNT(want); i++)
        if (!strstr(qs_buf_text(&text), want[i]))
            fail_msg("missing:\n%s\nin:\n%s", want[i], qs_buf_text(&text));
    assert_null(strstr(qs_buf_text(&text), "drop"));
}

static void configurations_that_are_wrong_are_named(void **state)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        { "{", "" },
        { "{\"name\":\"e\",\"version\":\"6.49\"}", "version '6.49' is not one of RouterOS 7" },
        { "{\"name\":\"e\"}", "the management port is not named" },
        { "{\"ports\":[{}]}", "ports[0] has no name" },
        { "{\"management\":{\"port\":\"e\",\"addresses\":[\"10.0.0.1\"]}}",
          "management address '10.0.0.1' is not an address with its length" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct rtr_conf c = { 0 };
        struct qs_err err = QS_ERR_INIT;

        assert_int_equal(rtr_conf_read(rows[i].json, &c, &err), QS_INVALID);
        assert_non_null(strstr(err.msg, rows[i].want));
    }
}

int main(void)
{
#define BOXED(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_menu_is_whole),
        cmocka_unit_test(values_are_kept_as_the_device_keeps_them),
        BOXED(what_is_wrong_is_refused_in_the_device_s_words),
        BOXED(replies_carry_the_tag_and_the_category),
        cmocka_unit_test(an_older_router_knows_neither_empty_nor_safe_mode),
        BOXED(queries_are_a_postfix_stack),
        cmocka_unit_test(move_has_the_device_s_quirks),
        BOXED(ids_are_never_given_out_twice),
        BOXED(unset_values_are_left_out),
        BOXED(a_refused_change_of_several_rows_changes_none),
        BOXED(names_of_interfaces_are_followed),
        BOXED(a_world_that_cannot_follow_takes_the_change_back),
        BOXED(safe_mode_undoes_what_all_sessions_did),
        BOXED(the_history_ends_safe_mode_and_keeps_everything),
        BOXED(groups_limit_what_a_user_may_do),
        BOXED(the_configuration_survives_as_json),
        BOXED(rows_become_one_ruleset),
        cmocka_unit_test(configurations_that_are_wrong_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
