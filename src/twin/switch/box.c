#include "twin/switch/box.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "twin/switch/grammar.h"

#define SAVED_MAX 1 /* completed sessions that stay listed */
#define SESSION_MS (24 * 3600 * UINT64_C(1000))

/* --- boot --- */

/* The startup-config of a switch fresh from the box: enough to be reached, nothing that forwards. */
static enum qs_code first_contact(const struct qs_sw_platform *p, struct qs_sw_config **ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);
    char address[QS_IP_TEXT];

    qs_buf_printf(&text, "hostname %s\n", p->name);
    qs_buf_printf(&text, "username %s privilege 15 role network-admin secret 0 %s\n", p->user, p->password);
    for (size_t i = 0; i < p->port_count; i++)
        qs_buf_printf(&text, "interface %s\n   shutdown\n", p->ports[i].name);
    qs_buf_printf(&text, "interface %s\n", p->management.name);
    for (size_t i = 0; i < p->address_count; i++)
        qs_buf_printf(&text, "   %s address %s\n", p->addresses[i].ip.family == 4 ? "ip" : "ipv6",
                      qs_prefix_text(&p->addresses[i], address));
    qs_buf_puts(&text, "management api http-commands\n   no shutdown\nend\n");
    if (qs_sw_config_load(p, qs_buf_text(&text), ret, err))
        return qs_err_wrap(err, "first-contact configuration");
    explicit_bzero(text.data, text.len);
    return QS_OK;
}

static enum qs_code boot(struct qs_sw_box *box, const char *startup, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);

    if (!startup) {
        if (first_contact(box->platform, &box->running, err))
            return err->code;
        qs_sw_config_render(box->running, false, &text);
        box->startup = qs_buf_take(&text);
        return QS_OK;
    }
    box->startup = qs_xstrdup(startup);
    if (qs_sw_config_load(box->platform, startup, &box->running, err))
        return qs_err_wrap(err, "startup-config");
    return QS_OK;
}

enum qs_code qs_sw_box_new(const struct qs_sw_platform *platform, const char *startup, uint64_t (*now_ms)(void),
                           struct qs_sw_box **ret, struct qs_err *err)
{
    qs_auto(sw_box) struct qs_sw_box *box = qs_xzalloc(sizeof(*box));

    *box = (struct qs_sw_box){ .platform = platform, .now_ms = now_ms, .boot_ms = now_ms(), .boot_us = qs_now_us() };
    if (boot(box, startup, err))
        return qs_err_wrap(err, "switch '%s'", platform->name);
    *ret = qs_take_ptr(box);
    return QS_OK;
}

static void session_free(struct qs_sw_session *s)
{
    qs_sw_config_free(s->config);
    free(s->name);
    free(s->user);
    free(s);
}

void qs_sw_box_free(struct qs_sw_box *box)
{
    if (!box)
        return;
    for (size_t i = 0; i < box->session_count; i++)
        session_free(box->sessions[i]);
    free(box->sessions);
    qs_sw_config_free(box->running);
    qs_sw_config_free(box->checkpoint);
    free(box->startup);
    free(box);
}

void qs_sw_box_changed(struct qs_sw_box *box)
{
    if (box->hooks.changed)
        box->hooks.changed(box->hooks.arg);
}

enum qs_code qs_sw_box_save(struct qs_sw_box *box, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);

    qs_sw_config_render(box->running, false, &text);
    if (box->hooks.save && box->hooks.save(box->hooks.arg, QS_SW_STARTUP, qs_buf_text(&text), err))
        return err->code;
    free(box->startup);
    box->startup = qs_buf_take(&text);
    return QS_OK;
}

static void run_config(struct qs_sw_box *box, struct qs_sw_config *c)
{
    qs_sw_config_free(box->running);
    box->running = c;
    qs_sw_box_changed(box);
}

enum qs_code qs_sw_box_export(struct qs_sw_box *box, const char *file, bool startup, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);
    qs_auto(str) char *name = qs_xasprintf(QS_SW_FLASH "%s", file);

    if (startup)
        qs_buf_puts(&text, box->startup);
    else
        qs_sw_config_render(box->running, false, &text);
    if (!box->hooks.save)
        return qs_err_set(err, QS_UNSUPPORTED, 0, "no flash");
    return box->hooks.save(box->hooks.arg, name, qs_buf_text(&text), err);
}

enum qs_code qs_sw_box_replace(struct qs_sw_box *box, const char *file, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);
    qs_auto(str) char *name = qs_xasprintf(QS_SW_FLASH "%s", file);
    struct qs_sw_config *c = NULL;

    if (!box->hooks.load)
        return qs_err_set(err, QS_UNSUPPORTED, 0, "no flash");
    if (box->hooks.load(box->hooks.arg, name, &text, err) ||
        qs_sw_config_load(box->platform, qs_buf_text(&text), &c, err))
        return err->code;
    run_config(box, c);
    return QS_OK;
}

/* --- sessions --- */

static void drop(struct qs_sw_box *box, const struct qs_sw_session *s)
{
    for (size_t i = 0; i < box->session_count; i++) {
        if (box->sessions[i] != s)
            continue;
        session_free(box->sessions[i]);
        box->session_count--;
        for (; i < box->session_count; i++)
            box->sessions[i] = box->sessions[i + 1];
    }
}

struct qs_sw_session *qs_sw_session_find(const struct qs_sw_box *box, const char *name)
{
    for (size_t i = 0; i < box->session_count; i++)
        if (qs_streq(box->sessions[i]->name, name))
            return box->sessions[i];
    return NULL;
}

struct qs_sw_session *qs_sw_session_timed(const struct qs_sw_box *box)
{
    for (size_t i = 0; i < box->session_count; i++)
        if (box->sessions[i]->state == QS_SW_TIMED)
            return box->sessions[i];
    return NULL;
}

static size_t count_state(const struct qs_sw_box *box, enum qs_sw_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < box->session_count; i++)
        n += box->sessions[i]->state == state;
    return n;
}

enum qs_code qs_sw_session_enter(struct qs_sw_box *box, const char *name, const char *user, struct qs_sw_session **ret,
                                 struct qs_err *err)
{
    struct qs_sw_session *s = name ? qs_sw_session_find(box, name) : NULL;

    if (s && s->state != QS_SW_PENDING)
        return qs_err_set(err, QS_REFUSED, 0, "Cannot enter session %s (session already completed)", name);
    if (!s && count_state(box, QS_SW_PENDING) == QS_SW_PENDING_MAX)
        return qs_err_set(err, QS_REFUSED, 0,
                          "Maximum number of pending sessions has been reached. Please commit or "
                          "abort previous sessions before creating a new one.");
    if (!s) {
        s = qs_xzalloc(sizeof(*s));
        *QS_PUSH(box->sessions, box->session_count) = s;
        *s = (struct qs_sw_session){ .name = name ? qs_xstrdup(name) : qs_xasprintf("sess-%u", ++box->serial),
                                     .user = qs_xstrdup(user),
                                     .config = qs_sw_config_copy(box->running),
                                     .opened_ms = box->now_ms() };
    }
    *ret = s;
    return QS_OK;
}

static void trim_completed(struct qs_sw_box *box)
{
    while (count_state(box, QS_SW_COMPLETED) > SAVED_MAX) {
        const struct qs_sw_session *oldest = NULL;

        for (size_t i = 0; i < box->session_count; i++) {
            const struct qs_sw_session *s = box->sessions[i];

            if (s->state == QS_SW_COMPLETED && (!oldest || s->completed_ms < oldest->completed_ms))
                oldest = s;
        }
        drop(box, oldest);
    }
}

static void complete(struct qs_sw_box *box, struct qs_sw_session *s)
{
    s->state = QS_SW_COMPLETED;
    s->completed_ms = box->now_ms();
    trim_completed(box);
}

static void stop_timer(struct qs_sw_box *box)
{
    qs_sw_config_free(box->checkpoint);
    box->checkpoint = NULL;
    box->timer_at_ms = 0;
}

static enum qs_code commit_timed(struct qs_sw_box *box, struct qs_sw_session *s, uint32_t timer_s, struct qs_err *err)
{
    const struct qs_sw_session *other = qs_sw_session_timed(box);

    if (other && other != s)
        return qs_err_set(err, QS_REFUSED, 0, "Another session (%s) has a pending commit timer", other->name);
    box->timer_at_ms = box->now_ms() + timer_s * UINT64_C(1000);
    if (s->state == QS_SW_TIMED)
        return QS_OK;
    s->state = QS_SW_TIMED;
    s->completed_ms = box->now_ms();
    box->checkpoint = qs_take_ptr(box->running);
    run_config(box, qs_take_ptr(s->config));
    return QS_OK;
}

enum qs_code qs_sw_session_commit(struct qs_sw_box *box, struct qs_sw_session *s, uint32_t timer_s, struct qs_err *err)
{
    if (s->state == QS_SW_COMPLETED)
        return qs_err_set(err, QS_REFUSED, 0, "Cannot commit session %s (session already completed)", s->name);
    if (timer_s > 0)
        return commit_timed(box, s, timer_s, err);
    if (s->state == QS_SW_TIMED)
        stop_timer(box);
    else
        run_config(box, qs_take_ptr(s->config));
    complete(box, s);
    return QS_OK;
}

void qs_sw_session_abort(struct qs_sw_box *box, struct qs_sw_session *s)
{
    if (s->state == QS_SW_TIMED) {
        run_config(box, qs_take_ptr(box->checkpoint));
        stop_timer(box);
    }
    drop(box, s);
}

/* --- time --- */

void qs_sw_box_tick(struct qs_sw_box *box)
{
    uint64_t now = box->now_ms();
    struct qs_sw_session *timed = qs_sw_session_timed(box);

    if (timed && now >= box->timer_at_ms)
        qs_sw_session_abort(box, timed);
    for (size_t i = box->session_count; i-- > 0;)
        if (box->sessions[i]->state == QS_SW_PENDING && now - box->sessions[i]->opened_ms >= SESSION_MS)
            drop(box, box->sessions[i]);
}

uint64_t qs_sw_box_deadline(const struct qs_sw_box *box)
{
    uint64_t at = box->timer_at_ms;

    for (size_t i = 0; i < box->session_count; i++) {
        uint64_t end = box->sessions[i]->opened_ms + SESSION_MS;

        if (box->sessions[i]->state == QS_SW_PENDING && (at == 0 || end < at))
            at = end;
    }
    return at;
}
