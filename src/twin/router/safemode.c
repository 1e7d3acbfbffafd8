/* Safe mode: what one connection changes is undone unless it releases. */
#include "twin/router/router_int.h"

#define HISTORY_MAX 100 /* actions the device can undo; one more ends safe mode and keeps everything */

bool rtr_safe_mode_known(const struct rtr *r)
{
    return r->conf.major > 7 || (r->conf.major == 7 && r->conf.minor >= 18);
}

static void forget(struct rtr *r)
{
    rtr_store_done(&r->safe.base);
    r->safe = (struct rtr_safe){ 0 };
}

enum qs_code rtr_safe_take(struct rtr_session *s, struct qs_err *err)
{
    struct rtr *r = s->r;

    if (r->safe.owner == s)
        return qs_err_set(err, QS_CONFLICT, 0, "failure: safe mode is already taken by this session");
    if (r->safe.owner)
        return qs_err_set(err, QS_CONFLICT, 0, "failure: safe mode is taken by another session (%s, user %s)",
                          r->safe.owner->remote, r->safe.owner->user);
    r->safe = (struct rtr_safe){ .owner = s, .base = rtr_store_copy(&r->store) };
    return QS_OK;
}

static enum qs_code check_owner(const struct rtr_session *s, struct qs_err *err)
{
    if (s->r->safe.owner == s)
        return QS_OK;
    return qs_err_set(err, QS_CONFLICT, 0, "failure: safe mode is not taken by this session");
}

enum qs_code rtr_safe_release(struct rtr_session *s, struct qs_err *err)
{
    if (check_owner(s, err))
        return err->code;
    forget(s->r);
    s->r->changed = true; /* what was not saved so far is to be */
    return QS_OK;
}

/* Everything that changed since, by whatever session, goes. */
static void roll_back(struct rtr *r)
{
    rtr_change_begin(r);
    rtr_store_restore(&r->store, &r->safe.base);
    forget(r);
    rtr_change_note(r, RTR_TOUCH_NET | RTR_TOUCH_NFT | RTR_TOUCH_LISTEN);
}

enum qs_code rtr_safe_unroll(struct rtr_session *s, struct qs_err *err)
{
    if (check_owner(s, err))
        return err->code;
    roll_back(s->r);
    return QS_OK;
}

void rtr_safe_drop(struct rtr *r, const struct rtr_session *s)
{
    if (r->safe.owner == s)
        roll_back(r);
}

void rtr_safe_count(struct rtr *r)
{
    if (r->safe.owner && ++r->safe.actions > HISTORY_MAX)
        forget(r);
}
