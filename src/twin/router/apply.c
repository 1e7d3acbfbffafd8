/* After a batch of commands: the world follows the store, or the store goes back. */
#include "twin/router/router_int.h"

#include "base/event.h"
#include "base/fs.h"
#include "text/json.h"

#define SAVE_DELAY_MS 200 /* the device, too, writes its flash a moment later */
#define SAVED_MAX (64 << 20)

void rtr_change_begin(struct rtr *r)
{
    if (r->undo_held)
        return;
    r->undo = rtr_store_copy(&r->store);
    r->undo_held = true;
}

void rtr_change_note(struct rtr *r, unsigned touches)
{
    r->touched |= touches;
    r->changed = true;
    rtr_safe_count(r);
}

enum qs_code rtr_world(struct rtr *r, unsigned touched, struct qs_err *err)
{
    if ((touched & RTR_TOUCH_NET) && rtr_kernel_apply(r, err))
        return err->code;
    if ((touched & RTR_TOUCH_NFT) && rtr_nft_apply(r, err))
        return err->code;
    return touched & RTR_TOUCH_LISTEN ? rtr_listen_apply(r, err) : QS_OK;
}

enum qs_code rtr_save(struct rtr *r, struct qs_err *err)
{
    qs_auto(val) struct qs_val *v = rtr_store_to_val(r->safe.owner ? &r->safe.base : &r->store);
    qs_auto(buf) struct qs_buf text = QS_BUF(SAVED_MAX);

    if (r->state_fd < 0)
        return QS_OK;
    qs_json_write_pretty(v, &text);
    if (qs_buf_check(&text, "configuration", err) ||
        qs_fs_write(r->state_fd, RTR_SAVED, qs_buf_text(&text), text.len, 0600, err))
        return qs_err_wrap(err, "configuration of router '%s'", r->conf.name);
    return QS_OK;
}

static void on_save(void *arg)
{
    struct rtr *r = arg;
    struct qs_err err = QS_ERR_INIT;

    r->save_timer = NULL;
    if (rtr_save(r, &err))
        qs_event_err(QS_EV_ROLE_FAILED, &err, NULL);
}

enum qs_code rtr_commit(struct rtr *r, struct qs_err *err)
{
    struct qs_err again = QS_ERR_INIT;

    if (r->changed && r->touched && r->world(r, r->touched, err)) {
        rtr_store_restore(&r->store, &r->undo);
        QS_IGNORE(r->world(r, r->touched, &again)); /* what was so before can be so again */
    } else if (r->changed && !r->save_timer && r->loop) {
        r->save_timer = qs_loop_after(r->loop, SAVE_DELAY_MS, on_save, r);
    }
    if (r->undo_held)
        rtr_store_done(&r->undo);
    r->undo_held = r->changed = false;
    r->touched = 0;
    return err->code;
}
