/*
 * twin/switch/pattern: the little language in which the switch's command tables are written.
 *
 * A pattern is words between blanks. A plain word matches itself, exactly; <kind> matches a value and captures it;
 * [ … ] may be left out and does not nest. Arguments are numbered by the place of their <kind> in the pattern,
 * those left out have text NULL. Kinds:
 *   <file> (flash:NAME) <vlan> <vlans> <ip> <ip4> <ip6> <prefix4> <prefix6> <int:A-B> <one:a|b> <hms> (HH:MM:SS) <name> (letters, digits and
 *   ._:-+@) <word> (anything printable) <line> (the rest of the line) <intf> (an interface name of any kind)
 */
#pragma once

#include "base/ip.h"
#include "twin/switch/vlans.h"

#define QS_SW_LINE_MAX 1024 /* bytes of a command line */
#define QS_SW_TOKENS_MAX 64
#define QS_SW_ARGS_MAX 6

struct qs_sw_line { /* a command line cut into tokens; the text is its own copy */
    char raw[QS_SW_LINE_MAX + 1], cut[QS_SW_LINE_MAX + 1];
    unsigned starts[QS_SW_TOKENS_MAX], count;
};
struct qs_sw_arg {
    const char *text; /* inside the line */
    uint32_t num;     /* <vlan>, <int>; <hms> in seconds */
    struct qs_ip ip;
    struct qs_prefix prefix;
    struct qs_sw_vlans vlans;
};

/* INVALID: too long, too many tokens, or bytes that are not printable. Blanks at both ends are dropped. */
enum qs_code qs_sw_line_cut(const char *text, struct qs_sw_line *ret, struct qs_err *err) QS_MUST_CHECK;
const char *qs_sw_line_token(const struct qs_sw_line *line, unsigned i); /* NULL past the end */
/* Matches the tokens from `from` on. *furthest rises to the first token that did not fit; it is how a caller that
 * tries many patterns names the culprit. */
bool qs_sw_match(const char *pattern, const struct qs_sw_line *line, unsigned from,
                 struct qs_sw_arg args[QS_SW_ARGS_MAX], unsigned *furthest);
/* Whether the pattern's first word is the plain word `word`. */
bool qs_sw_pattern_begins(const char *pattern, const char *word);
/* The device's words for a line that nothing matched: "Invalid input (at token N: 'x')" or "Incomplete command …". */
enum qs_code qs_sw_line_refuse(const struct qs_sw_line *line, unsigned furthest, struct qs_err *err);
