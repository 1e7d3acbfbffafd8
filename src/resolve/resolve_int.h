/* resolve, inside: what its files share. */
#pragma once

#include "lab/lab.h"
#include "text/val.h"

/* A device or node that exists at the lab's current site: its engine is not "none". */
bool resolve_is_here(const char *engine);
/* Sets the text of a prefix, or of its address alone; nothing when its family is 0. */
void resolve_set_prefix(struct qs_val *map, const char *key, const struct qs_prefix *p);
void resolve_add_prefix(struct qs_val *list, const struct qs_prefix *p);
void resolve_set_ip(struct qs_val *map, const char *key, const struct qs_ip *ip);
/* A list of the words. */
struct qs_val *resolve_words(const struct qs_strs *words);
/* "10,20": the ids joined; "none" when there is none. New text. */
char *resolve_vlan_list(const struct qs_u16s *ids);
/* The address by which qs itself reaches a node: in the VLAN of its gateway, else its first. NULL: it has none. */
const struct qs_vlan_addr *resolve_node_addr(const struct qs_node *node);
/* The IPv4 address where there is one, else the IPv6 address; NULL when neither. */
const struct qs_prefix *resolve_either(const struct qs_prefix *v4, const struct qs_prefix *v6);
/* Every port of the device's model but the one for management; of a model without ports, those with intent. */
typedef void resolve_port_fn(void *arg, const char *port, size_t place);
void resolve_each_port(const struct qs_device *dev, resolve_port_fn *fn, void *arg);
/* What the status spec and the page both say of a component. */
void resolve_set_component(struct qs_val *out, const struct qs_component *c);
