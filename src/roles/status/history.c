#include "roles/status/history.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/str.h"
#include "store/db.h"

#define RING 120 /* results kept a check: ten minutes of one every five seconds */
#define CHANGES_MAX 5000
#define INCIDENTS_MAX 1000
#define FLUSH_MS 10000
#define FLUSH_SOON_MS 200
#define WAITING_MAX 50000 /* results that wait for a disk that does not take them */
#define DAY_US UINT64_C(86400000000)

static const char *const migrations[] = {
    "CREATE TABLE result (row TEXT NOT NULL, name TEXT NOT NULL, slot INTEGER NOT NULL, at INTEGER NOT NULL,"
    " state TEXT NOT NULL, elapsed_us INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (row, name, slot))"
    " WITHOUT ROWID;"
    "CREATE TABLE row_state (row TEXT PRIMARY KEY, state TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE change (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,"
    " was TEXT NOT NULL, is_now TEXT NOT NULL, message TEXT NOT NULL);"
    "CREATE TABLE incident (id INTEGER PRIMARY KEY, row TEXT NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL,"
    " grp TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL, worst TEXT NOT NULL,"
    " message TEXT NOT NULL);"
    "CREATE TABLE day (row TEXT NOT NULL, day INTEGER NOT NULL, unknown INTEGER NOT NULL, up INTEGER NOT NULL,"
    " degraded INTEGER NOT NULL, down INTEGER NOT NULL, pending INTEGER NOT NULL, maintenance INTEGER NOT NULL,"
    " PRIMARY KEY (row, day)) WITHOUT ROWID;",
    NULL
};

/* One act that waits to be written; which texts and numbers mean what is its kind's affair. */
enum act_kind { ACT_RESULT, ACT_CHANGE, ACT_DAY, ACT_OPEN, ACT_END };
struct act {
    enum act_kind kind;
    enum qs_state state, was;
    char *row, *name, *title, *group, *message;
    uint64_t at_us, number;
    struct qs_day day;
};
struct qs_history {
    struct qs_db *db;
    struct qs_loop *loop;
    struct act *acts;
    size_t count;
    struct qs_timer *timer;
    uint64_t timer_at_ms;
    uint32_t trimmed_day;
};

static void flush(struct qs_history *h);

static char *row_key(const struct qs_row *row)
{
    return qs_xasprintf("%s:%s", row->kind == QS_ROW_SIGNAL ? "signal" : "component", row->name);
}

static void on_flush(void *arg)
{
    struct qs_history *h = arg;

    h->timer = NULL;
    flush(h);
}

static void flush_within(struct qs_history *h, uint64_t ms)
{
    uint64_t at = qs_mono_ms() + ms;

    if (h->timer && h->timer_at_ms <= at)
        return;
    qs_timer_cancel(h->timer);
    h->timer_at_ms = at;
    h->timer = qs_loop_at(h->loop, at, on_flush, h);
}

enum qs_code qs_history_open(const char *path, struct qs_loop *loop, struct qs_history **ret, struct qs_err *err)
{
    struct qs_db *db = NULL;
    struct qs_history *h;

    if (qs_db_open(path, migrations, false, &db, err))
        return qs_err_wrap(err, "status database");
    h = qs_xzalloc(sizeof(*h));
    h->db = db;
    h->loop = loop;
    *ret = h;
    return QS_OK;
}

/* ---- collecting ---- */

static struct act *add_act(struct qs_history *h, enum act_kind kind, const struct qs_row *row, uint64_t at_us)
{
    struct act *a = QS_PUSH(h->acts, h->count);

    *a = (struct act){ .kind = kind, .row = row_key(row), .at_us = at_us };
    flush_within(h, kind == ACT_RESULT || kind == ACT_DAY ? FLUSH_MS : FLUSH_SOON_MS);
    return a;
}

void qs_history_result(struct qs_history *h, const struct qs_row *row, const struct qs_status_check *c,
                       enum qs_state state, uint64_t elapsed_us, const char *message, uint64_t at_us)
{
    struct act *a;

    if (h->count >= WAITING_MAX)
        return;
    a = add_act(h, ACT_RESULT, row, at_us);
    a->state = state;
    a->name = qs_xstrdup(c->name);
    a->message = qs_xstrdup(message);
    a->number = elapsed_us;
    a->day.day = (uint32_t)(at_us / 1000 / c->interval_ms % RING); /* the slot follows from the time: no counter */
}

void qs_history_change(struct qs_history *h, const struct qs_row *row, enum qs_state from, enum qs_state to,
                       const char *message, uint64_t at_us)
{
    struct act *a = add_act(h, ACT_CHANGE, row, at_us);

    a->was = from;
    a->state = to;
    a->name = qs_xstrdup(row->name);
    a->title = qs_xstrdup(row->kind == QS_ROW_SIGNAL ? "signal" : "component");
    a->message = qs_xstrdup(message);
}

void qs_history_incident(struct qs_history *h, const struct qs_row *row, enum qs_state state, const char *message,
                         uint64_t at_us)
{
    bool over = state != QS_STATE_DEGRADED && state != QS_STATE_DOWN;
    struct act *a = add_act(h, over ? ACT_END : ACT_OPEN, row, at_us);

    a->state = state;
    a->name = qs_xstrdup(row->name);
    a->title = qs_xstrdup(row->title);
    a->group = qs_xstrdup(row->group);
    a->message = qs_xstrdup(message);
}

uint32_t qs_day_of(uint64_t us)
{
    return (uint32_t)(us / DAY_US);
}

const struct qs_day *qs_days_find(const struct qs_days *days, uint32_t day)
{
    const struct qs_day *d = &days->day[day % QS_DAYS];

    return d->day == day ? d : NULL;
}

int qs_day_uptime(const struct qs_day *d)
{
    uint64_t good = (uint64_t)d->seconds[QS_STATE_UP] + d->seconds[QS_STATE_DEGRADED];
    uint64_t all = good + d->seconds[QS_STATE_DOWN];

    return all ? (int)(good * 10000 / all) : -1;
}

void qs_history_accrue(struct qs_history *h, const struct qs_row *row, struct qs_days *days, enum qs_state state,
                       uint32_t seconds, uint64_t now_us)
{
    uint32_t day = qs_day_of(now_us);
    struct qs_day *d = &days->day[day % QS_DAYS];

    if (d->day != day)
        *d = (struct qs_day){ .day = day };
    d->seconds[state] += seconds;
    if (h)
        add_act(h, ACT_DAY, row, now_us)->day = *d;
}

/* ---- writing ---- */

static enum qs_code write_day(struct qs_db *db, const struct act *a, struct qs_err *err)
{
    const uint32_t *s = a->day.seconds;

    return qs_db_run(db, err, "INSERT OR REPLACE INTO day VALUES (?,?,?,?,?,?,?,?)", "siiiiiii", a->row,
                     (int64_t)a->day.day, (int64_t)s[QS_STATE_UNKNOWN], (int64_t)s[QS_STATE_UP],
                     (int64_t)s[QS_STATE_DEGRADED], (int64_t)s[QS_STATE_DOWN], (int64_t)s[QS_STATE_PENDING],
                     (int64_t)s[QS_STATE_MAINTENANCE]);
}

static enum qs_code write_change(struct qs_db *db, const struct act *a, struct qs_err *err)
{
    if (qs_db_run(db, err, "INSERT INTO change (at, kind, name, was, is_now, message) VALUES (?,?,?,?,?,?)", "isssss",
                  (int64_t)a->at_us, a->title, a->name, qs_state_text(a->was), qs_state_text(a->state), a->message))
        return err->code;
    return qs_db_run(db, err, "INSERT OR REPLACE INTO row_state VALUES (?,?,?)", "ssi", a->row, qs_state_text(a->state),
                     (int64_t)a->at_us);
}

/* Begins an incident, or notes on the open one what is worse. */
static enum qs_code write_incident(struct qs_db *db, const struct act *a, struct qs_err *err)
{
    if (qs_db_run(db, err,
                  "UPDATE incident SET message = ?, worst = CASE WHEN worst = 'down' THEN worst ELSE ? END"
                  " WHERE row = ? AND ended = 0",
                  "sss", a->message, qs_state_text(a->state), a->row))
        return err->code;
    return qs_db_run(db, err,
                     "INSERT INTO incident (row, name, title, grp, started, ended, worst, message)"
                     " SELECT ?,?,?,?,?,0,?,? WHERE NOT EXISTS (SELECT 1 FROM incident WHERE row = ? AND ended = 0)",
                     "ssssisss", a->row, a->name, a->title, a->group, (int64_t)a->at_us, qs_state_text(a->state),
                     a->message, a->row);
}

static enum qs_code write_act(struct qs_db *db, const struct act *a, struct qs_err *err)
{
    switch (a->kind) {
    case ACT_RESULT:
        return qs_db_run(db, err, "INSERT OR REPLACE INTO result VALUES (?,?,?,?,?,?,?)", "ssiisis", a->row, a->name,
                         (int64_t)a->day.day, (int64_t)a->at_us, qs_state_text(a->state), (int64_t)a->number,
                         a->message);
    case ACT_CHANGE:
        return write_change(db, a, err);
    case ACT_DAY:
        return write_day(db, a, err);
    case ACT_OPEN:
        return write_incident(db, a, err);
    case ACT_END:
        break;
    }
    return qs_db_run(db, err, "UPDATE incident SET ended = ? WHERE row = ? AND ended = 0", "is", (int64_t)a->at_us,
                     a->row);
}

static enum qs_code trim(struct qs_history *h, struct qs_err *err)
{
    uint32_t today = qs_day_of(qs_now_us());

    if (qs_db_run(h->db, err, "DELETE FROM change WHERE id <= (SELECT max(id) FROM change) - ?", "i",
                  (int64_t)CHANGES_MAX) ||
        qs_db_run(h->db, err, "DELETE FROM incident WHERE id <= (SELECT max(id) FROM incident) - ?", "i",
                  (int64_t)INCIDENTS_MAX))
        return err->code;
    if (h->trimmed_day == today)
        return QS_OK;
    h->trimmed_day = today;
    if (qs_db_run(h->db, err, "DELETE FROM day WHERE day <= ?", "i", (int64_t)today - QS_DAYS))
        return err->code;
    /* Rings of checks that are gone. */
    return qs_db_run(h->db, err, "DELETE FROM result WHERE at < ?", "i", (int64_t)(qs_now_us() - 7 * DAY_US));
}

static enum qs_code write_all(struct qs_history *h, struct qs_err *err)
{
    if (qs_db_begin(h->db, err))
        return err->code;
    for (size_t i = 0; i < h->count; i++)
        if (write_act(h->db, &h->acts[i], err))
            return err->code;
    if (trim(h, err))
        return err->code;
    return qs_db_commit(h->db, err);
}

static void clear_acts(struct qs_history *h)
{
    for (size_t i = 0; i < h->count; i++) {
        free(h->acts[i].row);
        free(h->acts[i].name);
        free(h->acts[i].title);
        free(h->acts[i].group);
        free(h->acts[i].message);
    }
    free(h->acts);
    h->acts = NULL;
    h->count = 0;
}

static void flush(struct qs_history *h)
{
    struct qs_err err = QS_ERR_INIT;

    if (h->count == 0)
        return;
    if (write_all(h, &err) == QS_OK) {
        clear_acts(h);
        return;
    }
    qs_db_rollback(h->db);
    qs_event_err(QS_EV_ROLE_FAILED, &err, "what", "history could not be written; trying again", NULL);
    flush_within(h, FLUSH_MS);
}

void qs_history_close(struct qs_history *h)
{
    if (!h)
        return;
    flush(h);
    qs_timer_cancel(h->timer);
    clear_acts(h);
    qs_db_close(h->db);
    free(h);
}

/* ---- reading ---- */

bool qs_history_last(struct qs_history *h, const struct qs_row *row, enum qs_state *ret_state, uint64_t *ret_since_us)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *key = row_key(row);
    qs_auto(stmt) struct qs_stmt *q = NULL;

    if (qs_db_query(h->db, &err, &q, "SELECT state, since FROM row_state WHERE row = ?", "s", key) ||
        !qs_db_next(q, &err))
        return false;
    *ret_state = qs_state_parse(qs_db_text(q, 0));
    *ret_since_us = (uint64_t)qs_db_int(q, 1);
    return true;
}

void qs_history_days(struct qs_history *h, const struct qs_row *row, struct qs_days *ret)
{
    /* columns of table day, in order */
    static const enum qs_state columns[] = { QS_STATE_UNKNOWN, QS_STATE_UP,      QS_STATE_DEGRADED,
                                             QS_STATE_DOWN,    QS_STATE_PENDING, QS_STATE_MAINTENANCE };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *key = row_key(row);
    qs_auto(stmt) struct qs_stmt *q = NULL;

    if (qs_db_query(h->db, &err, &q,
                    "SELECT day, unknown, up, degraded, down, pending, maintenance FROM day WHERE row = ? AND day > ?",
                    "si", key, (int64_t)qs_day_of(qs_now_us()) - QS_DAYS))
        return;
    while (qs_db_next(q, &err)) {
        struct qs_day d = { .day = (uint32_t)qs_db_int(q, 0) };

        for (size_t i = 0; i < QS_COUNT(columns); i++)
            d.seconds[columns[i]] = (uint32_t)qs_db_int(q, (int)i + 1);
        ret->day[d.day % QS_DAYS] = d;
    }
}

static void set_time(struct qs_val *map, const char *key, int64_t us)
{
    char text[QS_TIME_TEXT];

    if (us)
        qs_val_set_str(map, key, qs_time_text_s((uint64_t)us, text));
    else
        (void)qs_val_set(map, key, qs_val_null());
}

struct qs_val *qs_history_incidents(struct qs_history *h, unsigned most)
{
    struct qs_val *list = qs_val_list();
    struct qs_err err = QS_ERR_INIT;
    qs_auto(stmt) struct qs_stmt *q = NULL;

    flush(h);
    if (qs_db_query(h->db, &err, &q,
                    "SELECT id, name, title, grp, started, ended, worst, message FROM incident"
                    " ORDER BY ended = 0 DESC, id DESC LIMIT ?",
                    "i", (int64_t)most))
        return list;
    while (qs_db_next(q, &err)) {
        struct qs_val *one = qs_val_add(list, qs_val_map());

        qs_val_set_int(one, "id", qs_db_int(q, 0));
        qs_val_set_str(one, "name", qs_db_text(q, 1));
        qs_val_set_str(one, "title", qs_db_text(q, 2));
        qs_val_set_str(one, "group", qs_db_text(q, 3));
        set_time(one, "started", qs_db_int(q, 4));
        set_time(one, "ended", qs_db_int(q, 5));
        qs_val_set_str(one, "worst", qs_db_text(q, 6));
        qs_val_set_str(one, "message", qs_db_text(q, 7));
    }
    return list;
}

struct qs_val *qs_history_changes(struct qs_history *h, unsigned most)
{
    struct qs_val *list = qs_val_list();
    struct qs_err err = QS_ERR_INIT;
    qs_auto(stmt) struct qs_stmt *q = NULL;

    flush(h);
    if (qs_db_query(h->db, &err, &q, "SELECT at, kind, name, was, is_now, message FROM change ORDER BY id DESC LIMIT ?",
                    "i", (int64_t)most))
        return list;
    while (qs_db_next(q, &err)) {
        struct qs_val *one = qs_val_add(list, qs_val_map());

        set_time(one, "at", qs_db_int(q, 0));
        qs_val_set_str(one, "kind", qs_db_text(q, 1));
        qs_val_set_str(one, "name", qs_db_text(q, 2));
        qs_val_set_str(one, "from", qs_db_text(q, 3));
        qs_val_set_str(one, "to", qs_db_text(q, 4));
        qs_val_set_str(one, "message", qs_db_text(q, 5));
    }
    return list;
}

struct qs_val *qs_history_results(struct qs_history *h, const char *kind, const char *name)
{
    struct qs_val *list = qs_val_list();
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *key = qs_xasprintf("%s:%s", kind, name);
    qs_auto(stmt) struct qs_stmt *q = NULL;

    flush(h);
    if (qs_db_query(h->db, &err, &q,
                    "SELECT at, name, state, elapsed_us, message FROM result WHERE row = ? ORDER BY at DESC", "s", key))
        return list;
    while (qs_db_next(q, &err)) {
        struct qs_val *one = qs_val_add(list, qs_val_map());

        set_time(one, "at", qs_db_int(q, 0));
        qs_val_set_str(one, "check", qs_db_text(q, 1));
        qs_val_set_str(one, "state", qs_db_text(q, 2));
        qs_val_set_int(one, "elapsed_us", qs_db_int(q, 3));
        qs_val_set_str(one, "message", qs_db_text(q, 4));
    }
    return list;
}
