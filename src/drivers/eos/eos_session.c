/* drivers/eos: what "show configuration sessions detail" says, in the shapes of both families of releases. */
#include "drivers/eos/eos_int.h"

#include "base/alloc.h"
#include "base/str.h"

bool eos_sessions_timed(const struct qs_val *reply, const char *name)
{
    const struct qs_val *one = qs_val_get(qs_val_get(reply, "sessions"), name);

    return qs_streq(qs_val_get_str(reply, "commitTimerSessionName", NULL), name) ||
           qs_streq(qs_val_get_str(one, "state", ""), "pendingCommitTimer");
}

struct qs_val *eos_sessions_open(const struct qs_val *reply, const char *lead)
{
    const struct qs_val *sessions = qs_val_get(reply, "sessions");
    const char *timed = qs_val_get_str(reply, "commitTimerSessionName", NULL);
    struct qs_val *list = qs_val_list();
    bool listed = false;

    for (size_t i = 0; i < qs_val_count(sessions) && sessions->type == QS_MAP; i++) {
        const char *name = sessions->u.pairs[i].key;
        const char *state = qs_val_get_str(sessions->u.pairs[i].val, "state", "");

        if (!qs_after(name, lead))
            continue;
        if (!qs_streq(state, "pending") && !eos_sessions_timed(reply, name))
            continue;
        listed = listed || qs_streq(name, timed);
        qs_val_add(list, qs_val_str(name));
    }
    if (timed && qs_after(timed, lead) && !listed)
        qs_val_add(list, qs_val_str(timed));
    return list;
}

char *eos_sessions_leased(const struct qs_val *reply, const char *lead)
{
    qs_auto(val) struct qs_val *all = eos_sessions_open(reply, EOS_SESSION_PREFIX);

    for (size_t i = 0; i < qs_val_count(all); i++) {
        const char *name = qs_val_string(qs_val_at(all, i), "");

        if (!qs_after(name, lead))
            return qs_xstrdup(name);
    }
    return NULL;
}
