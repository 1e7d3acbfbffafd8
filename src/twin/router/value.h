/*
 * twin/router/value: how RouterOS reads a value and prints it back. Each normaliser takes the text of a client
 * and appends the form that the device keeps. INVALID carries the device's own words.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct rtr_attr;
typedef enum qs_code rtr_norm_fn(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err);

#define RTR_VALUE_MAX 65536

rtr_norm_fn rtr_norm_text;
rtr_norm_fn rtr_norm_name;     /* text that may not be empty and holds no comma, which parts lists of names */
rtr_norm_fn rtr_norm_bool;     /* yes, no, true, false → true, false */
rtr_norm_fn rtr_norm_flag;     /* being there is all: "", yes or true → "" */
rtr_norm_fn rtr_norm_uint;     /* min..max of the attribute */
rtr_norm_fn rtr_norm_word;     /* one of the attribute's words */
rtr_norm_fn rtr_norm_words;    /* a comma list of them, in the order of the table */
rtr_norm_fn rtr_norm_protocol; /* a name or a number */
rtr_norm_fn rtr_norm_ports;    /* "80,443,1000-2000" */
rtr_norm_fn rtr_norm_range;    /* a port, or two with a dash */
rtr_norm_fn rtr_norm_duration; /* "90", "1m30s", "00:01:30" → "1m30s" */
rtr_norm_fn rtr_norm_mac;
rtr_norm_fn rtr_norm_iface4; /* an interface address; without a mask /32 */
rtr_norm_fn rtr_norm_iface6; /* without a mask /64 */
rtr_norm_fn rtr_norm_dest4;  /* a network: host bits are cleared */
rtr_norm_fn rtr_norm_dest6;
rtr_norm_fn rtr_norm_match4; /* an address, a network or a range; an IPv4 host is shown without its /32 */
rtr_norm_fn rtr_norm_match6;
rtr_norm_fn rtr_norm_to4; /* an address or a range */
rtr_norm_fn rtr_norm_to6;
rtr_norm_fn rtr_norm_gateway4; /* an address, "address%interface", or the name of an interface */
rtr_norm_fn rtr_norm_gateway6;
rtr_norm_fn rtr_norm_from;     /* a comma list of prefixes of both families: who may connect */
rtr_norm_fn rtr_norm_servers;  /* a comma list of addresses of both families */
rtr_norm_fn rtr_norm_password; /* kept as a crypt(3) hash, never shown */

struct qs_ip;
/* Whether `peer` is in one of the prefixes of a normalised list; an empty list admits everybody. */
bool rtr_admits(const char *prefixes, const struct qs_ip *peer);
bool rtr_password_ok(const char *hash, const char *password);
/* Writes seconds the way RouterOS does: "1w2d3h4m5s", "0s". */
void rtr_put_duration(struct qs_buf *out, uint64_t seconds);
/* Calls fn for each part of a comma list until it fails. */
typedef enum qs_code rtr_part_fn(void *arg, const char *part, struct qs_err *err);
enum qs_code rtr_each_part(const char *list, rtr_part_fn *fn, void *arg, struct qs_err *err) QS_MUST_CHECK;

/* For the normalisers themselves. */
enum qs_code rtr_bad_value(const struct rtr_attr *a, struct qs_err *err);
struct rtr_parts { /* a list that is being written */
    const struct rtr_attr *a;
    struct qs_buf *out;
    size_t start; /* of the list in `out` */
    unsigned count;
};
void rtr_put_comma(struct rtr_parts *p); /* before each part */
