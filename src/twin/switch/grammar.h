/*
 * twin/switch/grammar: the configuration commands, as one table: mode, kind of interface, set / no / default, pattern,
 * effect. Whatever the table does not hold is refused in the device's own words, as EOS does. Words are taken in full
 * and in EOS's spelling: abbreviations are refused too, so that a driver is held to the canonical form.
 *
 * As on EOS, a line that no command of the submode begins like is tried in configuration mode, which leaves the
 * submode; a line that begins like one of the submode's must fit there ("exit" first), except inside configuration
 * sessions, which are relaxed about it.
 */
#pragma once

#include "twin/switch/config.h"

enum qs_sw_mode { QS_SW_MODE_NONE, QS_SW_MODE_CONFIG, QS_SW_MODE_VLAN, QS_SW_MODE_INTF, QS_SW_MODE_API };

struct qs_sw_cursor { /* where in a configuration the next line goes */
    struct qs_sw_config *config;
    enum qs_sw_mode mode; /* NONE: `exit` or `end` has left configuration */
    bool relaxed;
    struct qs_sw_vlans vlans; /* of mode VLAN */
    char intf[32];            /* of mode INTF */
};

/* Runs one line. `input` is the text that a banner takes, else NULL. INVALID: outside the grammar, err->msg in the
 * device's words; REFUSED: understood, but the device cannot (err->msg says why). Nothing is changed on failure. */
enum qs_code qs_sw_grammar_run(struct qs_sw_cursor *at, const char *line, const char *input,
                               struct qs_err *err) QS_MUST_CHECK;
/* A new configuration from a whole text, such as a startup-config; lines that begin with "!" are comments. On
 * failure err's context names the line. */
enum qs_code qs_sw_config_load(const struct qs_sw_platform *platform, const char *text, struct qs_sw_config **ret,
                               struct qs_err *err) QS_MUST_CHECK;
