#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/json.h"
#include "twin/switch/auth.h"
#include "twin/switch/eapi.h"
#include "twin/switch/mactable.h"

#define CONF(version)                                                                                  \
    "{\"name\":\"sw1\",\"model\":\"DCS-7050TX-64-F\",\"version\":\"" version "\",\"serial\":\"JPE1\"," \
    "\"mac\":\"02:00:00:00:00:01\",\"credentials\":{\"user\":\"qs\",\"password\":\"secret\"},"         \
    "\"management\":{\"port\":\"Management1\",\"addresses\":[\"10.0.0.11/24\",\"fd00::11/64\"]},"      \
    "\"ports\":[{\"name\":\"Ethernet1\"},{\"name\":\"Ethernet2\"}]}"

static uint64_t clock_ms;

static uint64_t now_ms(void)
{
    return clock_ms;
}

struct bench { /* a switch on a table: a clock that is set by hand, hooks that count */
    struct qs_sw_platform *platform;
    struct qs_sw_box *box;
    unsigned changed;
    char *saved, *saved_as;
    bool save_fails;
};

static void on_changed(void *arg)
{
    ((struct bench *)arg)->changed++;
}

static enum qs_code on_load(void *arg, const char *name, struct qs_buf *text, struct qs_err *err)
{
    const struct bench *b = arg;

    if (!qs_streq(b->saved_as, name))
        return qs_err_set(err, QS_NOTFOUND, 0, "no such file");
    qs_buf_puts(text, b->saved);
    return QS_OK;
}

static enum qs_code on_save(void *arg, const char *name, const char *text, struct qs_err *err)
{
    struct bench *b = arg;

    if (b->save_fails)
        return qs_err_set(err, QS_IO, 0, "no space");
    free(b->saved);
    free(b->saved_as);
    b->saved = qs_xstrdup(text);
    b->saved_as = qs_xstrdup(name);
    return QS_OK;
}

static struct bench *boot(const char *conf, const char *startup)
{
    struct bench *b = qs_xzalloc(sizeof(*b));
    qs_auto(val) struct qs_val *v = NULL;
    struct qs_err err = QS_ERR_INIT;

    clock_ms = 1000;
    if (qs_json_parse(conf, strlen(conf), &v, &err) || qs_sw_platform_read(v, &b->platform, &err) ||
        qs_sw_box_new(b->platform, startup, now_ms, &b->box, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    b->box->hooks = (struct qs_sw_hooks){ .changed = on_changed, .save = on_save, .load = on_load, .arg = b };
    return b;
}

static void bench_free(struct bench *b)
{
    qs_sw_box_free(b->box);
    qs_sw_platform_free(b->platform);
    free(b->saved);
    free(b->saved_as);
    free(b);
}
QS_DEFINE_AUTO(bench, struct bench *, bench_free)

static struct qs_val *ask(struct bench *b, const char *body)
{
    qs_auto(buf) struct qs_buf reply = QS_BUF(QS_SW_EAPI_REPLY_MAX);
    struct qs_val *v = NULL;
    struct qs_err err = QS_ERR_INIT;

    qs_sw_eapi_run(b->box, "qs", body, strlen(body), &reply);
    if (qs_json_parse(qs_buf_text(&reply), reply.len, &v, &err))
        fail_msg("no JSON: %s", qs_buf_text(&reply));
    return v;
}

/* Runs commands given as JSON list members; gives the whole reply. */
static struct qs_val *run(struct bench *b, const char *format, const char *commands)
{
    qs_auto(str) char *body = qs_xasprintf("{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"id\":\"t\",\"params\":"
                                           "{\"version\":1,\"format\":\"%s\",\"cmds\":[%s]}}",
                                           format, commands);

    return ask(b, body);
}

static void must(struct bench *b, const char *commands)
{
    qs_auto(val) struct qs_val *v = run(b, "json", commands);

    if (qs_val_get(v, "error"))
        fail_msg("%s: %s", commands, qs_val_string(qs_json_path(v, "error.message"), "?"));
}

/* The device's words for the failure of `commands`. */
static char *refused(struct bench *b, const char *commands)
{
    qs_auto(val) struct qs_val *v = run(b, "json", commands);
    const struct qs_val *data = qs_json_path(v, "error.data");
    const struct qs_val *last = qs_val_at(data, qs_val_count(data) - 1);

    if (!data)
        fail_msg("%s was taken", commands);
    return qs_xstrdup(qs_val_string(qs_val_at(qs_val_get(last, "errors"), 0), "?"));
}

static char *output(struct bench *b, const char *commands)
{
    qs_auto(val) struct qs_val *v = run(b, "text", commands);
    const struct qs_val *results = qs_val_get(v, "result");

    if (!results)
        fail_msg("%s: %s", commands, qs_val_string(qs_json_path(v, "error.message"), "?"));
    return qs_xstrdup(qs_val_get_str(qs_val_at(results, qs_val_count(results) - 1), "output", "?"));
}

static bool running_has(struct bench *b, const char *text)
{
    qs_auto(str) char *all = output(b, "\"enable\",\"show running-config\"");

    return strstr(all, text) != NULL;
}

static void first_contact_reaches_management_and_forwards_nothing(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *text = output(b, "\"enable\",\"show running-config\"");
    const char *secret = strstr(text, " secret sha512 $6$");

    (void)state;
    assert_true(strncmp(text,
                        "! Command: show running-config\n! device: sw1 (DCS-7050TX-64-F, EOS-4.28.3M)\n!\nusername "
                        "qs privilege 15 role network-admin secret sha512 $6$",
                        120) == 0);
    assert_non_null(secret);
    assert_string_equal(strchr(secret, '\n'),
                        "\n!\nhostname sw1\n!\nmanagement api http-commands\n   no shutdown\n!\n"
                        "interface Ethernet1\n   shutdown\n!\ninterface Ethernet2\n   shutdown\n!\n"
                        "interface Management1\n   ip address 10.0.0.11/24\n   ipv6 address fd00::11/64\n!\nend\n");
}

static void requests_that_are_no_requests_are_refused(void **state)
{
    static const struct {
        const char *body;
        int64_t code;
        const char *message;
    } rows[] = {
        { "", -32700, "Unable to parse request as JSON" },
        { "{", -32700, "Unable to parse request as JSON" },
        { "[]", -32600, "Expected a JSON-RPC request object" },
        { "{\"method\":\"runCmds\",\"params\":{}}", -32600, "Expected field 'jsonrpc' not specified" },
        { "{\"jsonrpc\":\"1.0\",\"method\":\"runCmds\"}", -32600, "Unsupported JSON-RPC version" },
        { "{\"jsonrpc\":\"2.0\"}", -32600, "Expected field 'method' not specified" },
        { "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"runCmds\"}", -32600, "Unsupported type of field 'id'" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCommands\"}", -32601, "Method not found: 'runCommands'" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\"}", -32602, "Expected field 'params' to be an object" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"params\":{\"version\":1}}", -32602,
          "Expected a list for parameter 'cmds'" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"params\":{\"cmds\":[],\"version\":2}}", -32602,
          "Unsupported value for parameter 'version'" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"params\":{\"cmds\":[],\"format\":\"xml\"}}", -32602,
          "Unsupported value for parameter 'format'" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"params\":{\"cmds\":[],\"frobnicate\":1}}", -32602,
          "runCmds() got an unexpected keyword argument 'frobnicate'" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"params\":{\"cmds\":[7]}}", -32602,
          "Expected a string or {cmd, input} in parameter 'cmds'" },
    };
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(val) struct qs_val *v = ask(b, rows[i].body);

        assert_int_equal(qs_val_integer(qs_json_path(v, "error.code"), 0), rows[i].code);
        assert_string_equal(qs_val_string(qs_json_path(v, "error.message"), ""), rows[i].message);
        assert_null(qs_json_path(v, "error.data"));
    }
}

static void what_clients_send_is_taken(void **state)
{
    static const char *const bodies[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"id\":null,\"params\":{\"version\":\"latest\",\"cmds\":"
        "[{\"cmd\":\"enable\",\"input\":\"\"},{\"cmd\":\"show version\",\"revision\":1}],\"format\":\"json\"}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"id\":7,\"params\":{\"version\":1,\"cmds\":[\"show hostname\"],"
        "\"timestamps\":true,\"autoComplete\":false,\"expandAliases\":false,\"stopOnError\":true,"
        "\"includeErrorDetail\":false,\"streaming\":false}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"id\":\"x\",\"streaming\":false,\"params\":{\"version\":1,"
        "\"cmds\":[]}}",
    };
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(bodies); i++) {
        qs_auto(val) struct qs_val *v = ask(b, bodies[i]);

        if (!qs_val_get(v, "result"))
            fail_msg("%s", bodies[i]);
    }
    qs_auto(val) struct qs_val *v = ask(b, bodies[1]);
    assert_int_equal(qs_val_get_int(v, "id", 0), 7);
    assert_non_null(qs_json_path(v, "result[0]._meta.execDuration"));
}

static void a_failed_command_is_reported_as_the_device_does(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(val) struct qs_val *v = run(b, "json", "\"show hostname\",\"show bogus\",\"show version\"");
    qs_auto(val) struct qs_val *t = run(b, "text", "\"show bogus\"");

    (void)state;
    assert_int_equal(qs_val_integer(qs_json_path(v, "error.code"), 0), 1002);
    assert_string_equal(qs_val_string(qs_json_path(v, "error.message"), ""),
                        "CLI command 2 of 3 'show bogus' failed: invalid command");
    assert_int_equal(qs_val_count(qs_json_path(v, "error.data")), 2);
    assert_string_equal(qs_val_string(qs_json_path(v, "error.data[0].hostname"), ""), "sw1");
    assert_string_equal(qs_val_string(qs_json_path(v, "error.data[1].errors[0]"), ""),
                        "Invalid input (at token 1: 'bogus')");
    assert_string_equal(qs_val_string(qs_json_path(t, "error.data[0].output"), ""),
                        "% Invalid input (at token 1: 'bogus')\n");
}

static void without_stop_on_error_the_rest_runs(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(val) struct qs_val *v = ask(
        b, "{\"jsonrpc\":\"2.0\",\"method\":\"runCmds\",\"id\":1,\"params\":{\"version\":1,\"stopOnError\":false,"
           "\"cmds\":[\"show bogus\",\"show hostname\"]}}");

    (void)state;
    assert_string_equal(qs_val_string(qs_json_path(v, "error.data[1].hostname"), ""), "sw1");
}

static void commands_are_refused_in_the_devices_words(void **state)
{
    static const struct {
        const char *commands, *words;
    } rows[] = {
        { "\"show running-config\"", "Invalid input (privileged mode required)" },
        { "\"configure session x\"", "Invalid input (privileged mode required)" },
        { "\"bogus\"", "Invalid input (at token 0: 'bogus')" },
        { "\"show\"", "Incomplete command (at token 0: 'show')" },
        { "\"vlan 10\"", "Invalid input (at token 0: 'vlan')" },
        { "\"enable\",\"commit\"", "Invalid input (at token 0: 'commit')" },
        { "\"enable\",\"configure\",\"abort\"", "Invalid input (at token 0: 'abort')" },
        { "\"enable\",\"show session-config\"", "Not in a configuration session" },
        { "\"enable\",\"show session-config named x\"", "No pending session is called x" },
        { "\"enable\",\"show running-config | section x\"", "This is an unconverted command" },
        { "\"enable\",\"configure session x\",\"show session-config diffs\"", "This is an unconverted command" },
        { "\"enable\",\"configure session y commit\"", "Cannot commit session y (no such session)" },
        { "\"enable\",\"configure session y abort\"", "Cannot abort session y (no such session)" },
        { "\"enable\",\"configure session x\",\"commit timer 00:00:00\"", "Invalid commit timer value" },
        { "\"enable\",\"configure session x\",\"commit timer 0:05\"", "Invalid input (at token 2: '0:05')" },
        { "\"enable\",\"configure session x\",\"vlan 5000\"", "Invalid input (at token 1: '5000')" },
    };
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(str) char *words = refused(b, rows[i].commands);

        assert_string_equal(words, rows[i].words);
    }
}

static void without_a_session_what_ran_before_the_error_stays(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *words = refused(b, "\"enable\",\"configure\",\"vlan 10\",\"bogus\"");

    (void)state;
    assert_string_equal(words, "Invalid input (at token 0: 'bogus')");
    assert_true(running_has(b, "\nvlan 10\n"));
    assert_int_equal(b->changed, 1);
}

static void a_session_changes_nothing_before_its_commit(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *diff = NULL;

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"vlan 10\",\"name ten\"");
    assert_false(running_has(b, "vlan 10"));
    assert_int_equal(b->changed, 0);
    diff = output(b, "\"enable\",\"show session-config named s diffs\"");
    assert_string_equal(diff, "--- system:/running-config\n+++ session:/s-session-config\n@@ -5,6 +5,9 @@\n !\n"
                              " hostname sw1\n !\n+vlan 10\n+   name ten\n+!\n management api http-commands\n"
                              "    no shutdown\n !\n");
    must(b, "\"enable\",\"configure session s commit\"");
    assert_true(running_has(b, "vlan 10\n   name ten\n"));
    assert_int_equal(b->changed, 1);
}

static void no_change_gives_an_empty_diff(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *diff = output(
        b, "\"enable\",\"configure session s\",\"hostname sw1\",\"show session-config diffs\"");

    (void)state;
    assert_string_equal(diff, "");
}

static void commit_overwrites_what_changed_meanwhile(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"vlan 10\"");
    must(b, "\"enable\",\"configure\",\"vlan 20\"");
    must(b, "\"enable\",\"configure session s\",\"commit\"");
    assert_true(running_has(b, "\nvlan 10\n"));
    assert_false(running_has(b, "vlan 20"));
}

static void abort_in_a_submode_leaves_only_the_submode(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"vlan 10\",\"abort\",\"show vlan\"");
    assert_non_null(qs_sw_session_find(b->box, "s"));
    must(b, "\"enable\",\"configure session s\",\"abort\"");
    assert_null(qs_sw_session_find(b->box, "s"));
    must(b, "\"enable\",\"configure session s\",\"vlan 10\"");
    must(b, "\"enable\",\"configure session s abort\"");
    assert_null(qs_sw_session_find(b->box, "s"));
}

static void clean_config_starts_from_nothing(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *text = output(b, "\"enable\",\"configure session s\",\"rollback clean-config\",\"vlan 5\","
                                        "\"show session-config\"");

    (void)state;
    assert_string_equal(text, "! Command: show session-config named s\n! device: localhost (DCS-7050TX-64-F, "
                              "EOS-4.28.3M)\n!\nvlan 5\n!\ninterface Ethernet1\n!\ninterface Ethernet2\n!\n"
                              "interface Management1\n!\nend\n");
}

static void five_sessions_may_be_pending(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *words = NULL;

    (void)state;
    must(b, "\"enable\",\"configure session a\",\"configure session b\",\"configure session c\","
            "\"configure session d\",\"configure session\"");
    words = refused(b, "\"enable\",\"configure session f\"");
    assert_string_equal(words, "Maximum number of pending sessions has been reached. Please commit or abort previous "
                               "sessions before creating a new one.");
    must(b, "\"enable\",\"configure session a\"");
    must(b, "\"enable\",\"configure session sess-1 abort\",\"configure session f\"");
    clock_ms += 24 * 3600 * UINT64_C(1000);
    assert_true(qs_sw_box_deadline(b->box) <= clock_ms);
    qs_sw_box_tick(b->box);
    assert_int_equal(b->box->session_count, 0);
    assert_int_equal(qs_sw_box_deadline(b->box), 0);
}

static void a_commit_timer_reverts_unless_confirmed(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"vlan 10\",\"commit timer 00:01:00\"");
    assert_true(running_has(b, "vlan 10"));
    assert_int_equal(qs_sw_box_deadline(b->box), clock_ms + 60000);
    clock_ms += 59999;
    qs_sw_box_tick(b->box);
    assert_true(running_has(b, "vlan 10"));
    clock_ms += 1;
    qs_sw_box_tick(b->box);
    assert_false(running_has(b, "vlan 10"));
    assert_int_equal(b->changed, 2);

    must(b, "\"enable\",\"configure session t\",\"vlan 11\"");
    must(b, "\"enable\",\"configure session t commit timer 00:01:00\"");
    clock_ms += 30000;
    must(b, "\"enable\",\"configure session t commit timer 00:01:00\""); /* starts anew */
    clock_ms += 59000;
    qs_sw_box_tick(b->box);
    assert_true(running_has(b, "vlan 11"));
    must(b, "\"enable\",\"configure session t commit\"");
    clock_ms += 120000;
    qs_sw_box_tick(b->box);
    assert_true(running_has(b, "vlan 11"));
    assert_int_equal(qs_sw_box_deadline(b->box), 0);
}

static void aborting_a_timed_commit_reverts_at_once(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *words = NULL;

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"vlan 10\",\"commit timer 00:01:00\"");
    must(b, "\"enable\",\"configure session other\",\"vlan 20\"");
    words = refused(b, "\"enable\",\"configure session other commit timer 00:01:00\"");
    assert_string_equal(words, "Another session (s) has a pending commit timer");
    must(b, "\"enable\",\"configure session s abort\"");
    assert_false(running_has(b, "vlan 10"));
    assert_int_equal(qs_sw_box_deadline(b->box), b->box->sessions[0]->opened_ms + 86400000);
}

static void a_pending_timer_is_shown_by_version(void **state)
{
    qs_auto(bench) struct bench *older = boot(CONF("4.28.3M"), NULL);
    qs_auto(bench) struct bench *newer = boot(CONF("4.32.1F"), NULL);
    static const char change[] = "\"enable\",\"configure session s\",\"vlan 10\",\"commit timer 00:05:00\"";
    qs_auto(str) char *text = NULL;

    (void)state;
    must(older, change);
    must(newer, change);
    qs_auto(val) struct qs_val *a = run(older, "json", "\"show configuration sessions detail\"");
    qs_auto(val) struct qs_val *c = run(newer, "json", "\"show configuration sessions detail\"");
    assert_string_equal(qs_val_string(qs_json_path(a, "result[0].sessions.s.state"), ""), "pendingCommitTimer");
    assert_int_equal((int)qs_json_path(a, "result[0].sessions.s.commitBy")->u.r, 300);
    assert_null(qs_json_path(a, "result[0].commitTimerSessionName"));
    assert_string_equal(qs_val_string(qs_json_path(c, "result[0].sessions.s.state"), ""), "committed");
    assert_null(qs_json_path(c, "result[0].sessions.s.commitBy"));
    assert_string_equal(qs_val_string(qs_json_path(c, "result[0].commitTimerSessionName"), ""), "s");
    clock_ms += 1000;
    text = output(newer, "\"show configuration sessions detail\"");
    assert_non_null(strstr(text, "Session with pending commit timer: s\n"
                                 "Time left until commit timer expiry: in 0:04:59\n"));
}

static void only_the_last_completed_session_stays_listed(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *words = NULL;

    (void)state;
    must(b, "\"enable\",\"configure session a\",\"vlan 10\",\"commit\"");
    clock_ms++;
    must(b, "\"enable\",\"configure session b\",\"vlan 11\",\"commit\"");
    assert_null(qs_sw_session_find(b->box, "a"));
    words = refused(b, "\"enable\",\"configure session b\"");
    assert_string_equal(words, "Cannot enter session b (session already completed)");
}

static void what_was_saved_boots_again(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *saved = NULL;
    qs_auto(val) struct qs_val *v = NULL;

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"hostname renamed\",\"vlan 10\",\"commit\"");
    v = run(b, "json", "\"enable\",\"write memory\"");
    assert_string_equal(qs_val_string(qs_json_path(v, "result[1].messages[0]"), ""), "Copy completed successfully.");
    must(b, "\"enable\",\"configure\",\"vlan 11\"");
    saved = qs_xstrdup(b->saved);
    qs_auto(bench) struct bench *again = boot(CONF("4.28.3M"), saved);
    assert_true(running_has(again, "hostname renamed"));
    assert_true(running_has(again, "vlan 10"));
    assert_false(running_has(again, "vlan 11"));
    b->save_fails = true;
    qs_auto(str) char *words = refused(b, "\"enable\",\"copy running-config startup-config\"");
    assert_non_null(strstr(words, "no space"));
}

static void a_file_of_the_flash_replaces_what_runs(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *words = NULL;

    (void)state;
    must(b, "\"enable\",\"copy startup-config flash:rollback-0\",\"configure\",\"vlan 10\"");
    assert_string_equal(b->saved_as, "flash-rollback-0");
    must(b, "\"enable\",\"configure replace flash:rollback-0\"");
    assert_false(running_has(b, "vlan 10"));
    words = refused(b, "\"enable\",\"configure replace flash:other\"");
    assert_string_equal(words, "Cannot replace running-config with flash:other (no such file)");
    free(words);
    words = refused(b, "\"enable\",\"copy running-config flash:../x\"");
    assert_string_equal(words, "Invalid input (at token 2: 'flash:../x')");
}

static void filters_keep_sections_and_lines(void **state)
{
    static const struct {
        const char *command, *want;
    } rows[] = {
        { "show running-config | section ^vlan", "vlan 10\n   name ten\n" },
        { "show running-config | section shutdown",
          "management api http-commands\n   no shutdown\ninterface Ethernet1\n   shutdown\ninterface Ethernet2\n"
          "   shutdown\n" },
        { "show running-config | include ^interface E", "interface Ethernet1\ninterface Ethernet2\n" },
        { "show hostname | exclude FQDN", "Hostname: sw1\n" },
        { "show running-config | begin ^interface M",
          "interface Management1\n   ip address 10.0.0.11/24\n   ipv6 address fd00::11/64\n!\nend\n" },
    };
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    must(b, "\"enable\",\"configure\",\"vlan 10\",\"name ten\"");
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(str) char *commands = qs_xasprintf("\"enable\",\"%s\"", rows[i].command);
        qs_auto(str) char *text = output(b, commands);

        assert_string_equal(text, rows[i].want);
    }
}

static void show_all_names_the_defaults(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    qs_auto(str) char *text = output(b, "\"enable\",\"show running-config all\"");

    (void)state;
    assert_non_null(strstr(text, "spanning-tree mode mstp\n"));
    assert_non_null(strstr(text, "interface Ethernet1\n   shutdown\n   mtu 1500\n   switchport access vlan 1\n   "
                                 "switchport trunk native vlan 1\n   switchport trunk allowed vlan 1-4094\n   "
                                 "switchport mode access\n   switchport\n!\n"));
}

static void every_show_command_answers_in_both_forms(void **state)
{
    static const char *const commands[] = {
        "show version",
        "show hostname",
        "show running-config",
        "show running-config all",
        "show startup-config",
        "show configuration sessions",
        "show configuration sessions detail",
        "show session-config named s",
        "show vlan",
        "show vlan 1",
        "show interfaces",
        "show interfaces Ethernet1",
        "show interfaces status",
        "show interfaces description",
        "show mac address-table",
        "show banner motd",
        "show banner login",
    };
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);

    (void)state;
    must(b, "\"enable\",\"configure session s\",\"vlan 10\",\"exit\",\"interface Vlan10\",\"ip address 10.1.0.1/24\"");
    for (size_t i = 0; i < QS_COUNT(commands); i++) {
        qs_auto(str) char *list = qs_xasprintf("\"enable\",\"%s\"", commands[i]);
        qs_auto(str) char *text = output(b, list);

        must(b, list);
        assert_non_null(text);
    }
}

static void accounts_open_by_password_and_cookie(void **state)
{
    qs_auto(bench) struct bench *b = boot(CONF("4.28.3M"), NULL);
    struct qs_sw_auth *auth = qs_sw_auth_new(b->box);
    char cookie[QS_SW_COOKIE_LEN + 1], header[QS_SW_COOKIE_LEN + 16];

    (void)state;
    for (int i = 0; i < 2; i++) /* the second time from memory */
        assert_string_equal(qs_sw_auth_check(auth, "Basic cXM6c2VjcmV0", NULL), "qs");
    assert_null(qs_sw_auth_check(auth, "Basic cXM6U2VjcmV0", NULL));
    assert_null(qs_sw_auth_check(auth, "Basic ####", NULL));
    assert_null(qs_sw_auth_check(auth, "Bearer cXM6c2VjcmV0", NULL));
    assert_null(qs_sw_auth_check(auth, NULL, NULL));
    assert_false(qs_sw_auth_login(auth, "qs", "no", cookie));
    assert_false(qs_sw_auth_login(auth, "nobody", "", cookie));
    assert_true(qs_sw_auth_login(auth, "qs", "secret", cookie));
    (void)snprintf(header, sizeof(header), "a=b; Session=%s", cookie);
    assert_string_equal(qs_sw_auth_check(auth, NULL, header), "qs");
    must(b, "\"enable\",\"configure\",\"username qs secret other\"");
    assert_null(qs_sw_auth_check(auth, "Basic cXM6c2VjcmV0", NULL));
    clock_ms += 1440 * 60000;
    assert_null(qs_sw_auth_check(auth, NULL, header));
    qs_sw_auth_free(auth);
}

static void addresses_are_learnt_moved_and_forgotten(void **state)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    struct qs_mac_table *t = qs_xzalloc(sizeof(*t));

    (void)state;
    assert_int_equal(qs_mac_find(t, qs_mac_key(10, mac), 100), -1);
    qs_mac_learn(t, qs_mac_key(10, mac), 3, 100);
    assert_int_equal(qs_mac_find(t, qs_mac_key(10, mac), 100), 3);
    assert_int_equal(qs_mac_find(t, qs_mac_key(11, mac), 100), -1);
    qs_mac_learn(t, qs_mac_key(10, mac), 4, 200);
    assert_int_equal(qs_mac_find(t, qs_mac_key(10, mac), 200 + QS_MAC_AGE_S - 1), 4);
    assert_int_equal(qs_mac_find(t, qs_mac_key(10, mac), 200 + QS_MAC_AGE_S), -1);
    for (unsigned i = 0; i < 200000; i++) { /* a flood of addresses neither grows nor stops the table */
        uint8_t many[6] = { 2, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };

        qs_mac_learn(t, qs_mac_key(10, many), 1, 300);
    }
    qs_mac_flush(t);
    qs_mac_learn(t, qs_mac_key(10, mac), 5, 300);
    assert_int_equal(qs_mac_find(t, qs_mac_key(10, mac), 300), 5);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_contact_reaches_management_and_forwards_nothing),
        cmocka_unit_test(requests_that_are_no_requests_are_refused),
        cmocka_unit_test(what_clients_send_is_taken),
        cmocka_unit_test(a_failed_command_is_reported_as_the_device_does),
        cmocka_unit_test(without_stop_on_error_the_rest_runs),
        cmocka_unit_test(commands_are_refused_in_the_devices_words),
        cmocka_unit_test(without_a_session_what_ran_before_the_error_stays),
        cmocka_unit_test(a_session_changes_nothing_before_its_commit),
        cmocka_unit_test(no_change_gives_an_empty_diff),
        cmocka_unit_test(commit_overwrites_what_changed_meanwhile),
        cmocka_unit_test(abort_in_a_submode_leaves_only_the_submode),
        cmocka_unit_test(clean_config_starts_from_nothing),
        cmocka_unit_test(five_sessions_may_be_pending),
        cmocka_unit_test(a_commit_timer_reverts_unless_confirmed),
        cmocka_unit_test(aborting_a_timed_commit_reverts_at_once),
        cmocka_unit_test(a_pending_timer_is_shown_by_version),
        cmocka_unit_test(only_the_last_completed_session_stays_listed),
        cmocka_unit_test(what_was_saved_boots_again),
        cmocka_unit_test(a_file_of_the_flash_replaces_what_runs),
        cmocka_unit_test(filters_keep_sections_and_lines),
        cmocka_unit_test(show_all_names_the_defaults),
        cmocka_unit_test(every_show_command_answers_in_both_forms),
        cmocka_unit_test(accounts_open_by_password_and_cookie),
        cmocka_unit_test(addresses_are_learnt_moved_and_forgotten),
    };

    return cmocka_run_group_tests_name("twin-switch-box", tests, NULL, NULL);
}
