/*
 * twin/switch/box: the emulated device without its wires: running configuration, startup text, configuration
 * sessions and the commit timer. It knows no socket and no kernel: what happens outside comes in by `hooks`, time by
 * `now_ms`, so that tests run it alone. One thread.
 *
 * Sessions are EOS's: a session starts as a copy of the running configuration and its commit replaces what runs then,
 * changes made meanwhile included; at most QS_SW_PENDING_MAX may be pending; they end after 24 hours; only one commit
 * timer runs at a time and its expiry brings back what ran before the commit.
 */
#pragma once

#include "twin/switch/config.h"

#define QS_SW_PENDING_MAX 5

#define QS_SW_STARTUP "startup-config" /* names that the hooks are given */
#define QS_SW_FLASH "flash-"

enum qs_sw_state { QS_SW_PENDING, QS_SW_TIMED, QS_SW_COMPLETED }; /* TIMED: committed, waits to be confirmed */

struct qs_sw_session {
    char *name, *user;
    enum qs_sw_state state;
    struct qs_sw_config *config; /* NULL once committed */
    uint64_t opened_ms, completed_ms;
};
struct qs_sw_mac { /* an entry of the MAC table */
    uint8_t mac[6];
    uint16_t vlan;
    int port; /* place in the platform's ports */
};
struct qs_sw_counters {
    uint64_t in_bytes, in_frames, out_bytes, out_frames, dropped;
};
struct qs_sw_hooks {            /* members may be NULL */
    void (*changed)(void *arg); /* another configuration runs now */
    /* Keeps a text for good under a plain name of ours: the startup-config or a file of the device's flash. */
    enum qs_code (*save)(void *arg, const char *name, const char *text, struct qs_err *err);
    enum qs_code (*load)(void *arg, const char *name, struct qs_buf *text, struct qs_err *err); /* NOTFOUND, … */
    bool (*link_up)(void *arg, int port); /* -1: the management port */
    void (*counters)(void *arg, int port, struct qs_sw_counters *ret);
    size_t (*macs)(void *arg, struct qs_sw_mac *ret, size_t max);
    void *arg;
};
struct qs_sw_box {
    const struct qs_sw_platform *platform;
    struct qs_sw_config *running;
    char *startup; /* text of the startup-config */
    struct qs_sw_session **sessions;
    size_t session_count;
    struct qs_sw_config *checkpoint; /* what the running commit timer would bring back */
    uint64_t timer_at_ms;
    unsigned serial; /* of sessions without a name */
    struct qs_sw_hooks hooks;
    uint64_t (*now_ms)(void);  /* monotonic */
    uint64_t boot_ms, boot_us; /* start of the device: monotonic, and since 1970 */
};

/* Boots: from `startup` when given, else with what a rack has at first contact: the account of the credentials, the
 * management address, eAPI on, and every Ethernet port shut down, so that nothing passes before a configuration
 * enables it. `startup` is copied. INVALID: the text is no configuration (names the line). */
enum qs_code qs_sw_box_new(const struct qs_sw_platform *platform, const char *startup, uint64_t (*now_ms)(void),
                           struct qs_sw_box **ret, struct qs_err *err) QS_MUST_CHECK;
void qs_sw_box_free(struct qs_sw_box *box); /* accepts NULL */
QS_DEFINE_AUTO(sw_box, struct qs_sw_box *, qs_sw_box_free)
/* Tells the hook that the running configuration was edited in place. */
void qs_sw_box_changed(struct qs_sw_box *box);
/* Saves the running configuration as startup-config. */
enum qs_code qs_sw_box_save(struct qs_sw_box *box, struct qs_err *err) QS_MUST_CHECK;
/* Writes a configuration's text to a file of the flash, and lets one run at once, without any timer. */
enum qs_code qs_sw_box_export(struct qs_sw_box *box, const char *file, bool startup, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_sw_box_replace(struct qs_sw_box *box, const char *file, struct qs_err *err) QS_MUST_CHECK;

/* Ends what has run out: commit timer and old sessions. To be called at qs_sw_box_deadline() or later. */
void qs_sw_box_tick(struct qs_sw_box *box);
uint64_t qs_sw_box_deadline(const struct qs_sw_box *box); /* 0: nothing is timed */

struct qs_sw_session *qs_sw_session_find(const struct qs_sw_box *box, const char *name);
struct qs_sw_session *qs_sw_session_timed(const struct qs_sw_box *box); /* the one that waits for confirmation */
/* Opens the pending session of that name or a new one (name NULL: the device names it). REFUSED as EOS does. */
enum qs_code qs_sw_session_enter(struct qs_sw_box *box, const char *name, const char *user, struct qs_sw_session **ret,
                                 struct qs_err *err) QS_MUST_CHECK;
/* Commits; of a TIMED one: confirms, or with `timer_s` starts its time anew. `timer_s` 0: no timer. */
enum qs_code qs_sw_session_commit(struct qs_sw_box *box, struct qs_sw_session *s, uint32_t timer_s,
                                  struct qs_err *err) QS_MUST_CHECK;
/* Drops a pending session; of a TIMED one: brings back at once what ran before. Frees `s`. */
void qs_sw_session_abort(struct qs_sw_box *box, struct qs_sw_session *s);
