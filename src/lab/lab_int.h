/*
 * lab_int: what the files of this room share. How a lab is loaded, in three steps that each stop at problems of their
 * own, so that one mistake is reported once:
 *
 *   read    file → rows, by tables of fields (lab_fields_*.c); keys, types, ranges, references to what was read before
 *   settle  rows → the model: port ranges and rules spread out, addresses worked out, the site applied (lab_settle_*.c)
 *   check   across layers, one function a check (lab_check_*.c), all of them listed in lab_check.c
 */
#pragma once

#include <stddef.h>

#include "lab/lab.h"
#include "text/val.h"

/* ---- memory: everything of one lab comes from one arena and goes with it ---- */
struct lab_chunk;
struct lab_arena {
    struct lab_chunk *chunks;
};
void *lab_alloc(struct lab_arena *a, size_t size); /* zeroed */
char *lab_strdup(struct lab_arena *a, const char *s);
char *lab_strndup(struct lab_arena *a, const char *s, size_t len);
char *lab_printf(struct lab_arena *a, const char *fmt, ...) QS_PRINTF(2, 3);
void *lab_grown(struct lab_arena *a, const void *items, size_t count, size_t size); /* room for one more */
void lab_arena_done(struct lab_arena *a);
/* Appends a zeroed element to an array in the arena; evaluates to it. */
#define LAB_PUSH(arena, items, count) \
    ((items) = lab_grown((arena), (items), (count), sizeof(*(items))), (count)++, &(items)[(count)-1])

/* ---- rows as the files give them, where the model has another shape ---- */
struct raw_port { /* one or a range: "Ethernet1-8" */
    struct qs_at at;
    char *range, *description;
    uint16_t access, native, vlan;
    struct qs_u16s trunk;
    struct qs_prefix v4, v6;
    bool enabled;
};
struct raw_rule {
    struct qs_rule rule;
    char *family; /* "both", "v4", "v6" */
};
struct raw_list {
    struct qs_at at;
    char *name;
    struct qs_strs addresses;
    struct qs_u16s vlans;
};
struct raw_device { /* a switch or a router */
    struct qs_device dev;
    uint16_t management; /* host number out of band, 0: none */
    struct qs_u16s svis;
    struct raw_port *ports;
    size_t port_count;
    struct raw_rule *filter, *nat;
    size_t filter_count, nat_count;
    struct raw_list *lists;
    size_t list_count;
};
struct raw_cable {
    struct qs_at at;
    char *from, *to, *kind;
};
struct raw_model_ports {
    struct qs_at at;
    char *range;
    uint32_t speed_mbit;
};
struct raw_model {
    struct qs_model model;
    struct raw_model_ports *ports;
    size_t port_count;
};
struct raw_outside {
    struct qs_at at;
    char *name, *text;
};
struct raw_bmc {
    struct qs_at at; /* line 0: the node has none */
    uint16_t host;
    uint8_t mac[6];
};
struct raw_node {
    struct qs_node node;
    struct raw_bmc bmc;
};
struct raw_signals { /* a group with its signals */
    struct qs_group group;
    struct qs_signal *items;
    size_t count;
};
struct raw_target { /* a device or node as the site has it */
    struct qs_at at;
    char *name, *engine, *address;
    uint16_t port;
};
struct raw_scheme {
    struct qs_at at;
    char *v4, *v6; /* "10.0.VLAN.HOST/24" */
    uint16_t admin_vlan;
};
struct raw_management {
    struct qs_at at;
    struct qs_prefix v4, v6;
    uint16_t self;
};

/* Things that fields refer to by name; a file is read after those that it refers to. */
enum lab_space {
    LAB_NO_SPACE,
    LAB_VLAN_SPACE,
    LAB_MODEL_SPACE,
    LAB_NODE_SPACE,
    LAB_TARGET_SPACE,
    LAB_COMPONENT_SPACE,
    LAB_SPACES
};

struct lab_box {       /* a lab and what it is made from */
    struct qs_lab lab; /* first: qs_lab_free() finds the box by it */
    struct lab_arena arena;
    struct qs_problems *problems;
    struct qs_problem spare; /* takes what is over the cap */
    bool unsure[LAB_SPACES]; /* the file that declares them had problems: references to them are not judged */
    bool overlap;            /* two networks overlap: addresses that collide for that reason are not said again */
    char **sites;            /* names of all sites, NULL-terminated */
    struct raw_scheme scheme;
    struct raw_management management;
    struct raw_device *switches, *routers;
    size_t switch_count, router_count;
    struct raw_model *models;
    size_t model_count;
    struct raw_node *nodes;
    size_t node_count;
    struct raw_cable *cables;
    size_t cable_count;
    struct lab_end *ends; /* two a cable, made by the first check that looks (lab_check.h) */
    struct raw_outside *outside;
    size_t outside_count;
    struct raw_signals *groups;
    size_t group_count;
    char *component_group; /* of the components file being read */
    struct qs_component *group_components;
    size_t group_component_count;
    struct qs_at upstream_at, vpn_at;
    char *site_engine;
    struct raw_target *targets;
    size_t target_count;
    unsigned commit_timer_s;
};

/* ---- problems ---- */
/* Adds a problem in file order. The slot returned is for lab_hint() right away, and for nothing else. */
struct qs_problem *lab_problem(struct lab_box *box, const struct qs_at *at, const char *fmt, ...) QS_PRINTF(3, 4);
void lab_hint(struct qs_problem *p, const char *fmt, ...) QS_PRINTF(2, 3);
/* "Did you mean 'x'?" when one of `words` is near, else "Known LABEL: a, b, c." */
void lab_hint_words(struct qs_problem *p, const char *word, const char *const *words, const char *label);
bool lab_same_at(const struct qs_at *a, const struct qs_at *b);
const char *lab_at_text(const struct qs_at *at, char text[160]); /* "lab/network/vlans.yaml:14" */

/* ---- tables of fields ---- */
enum lab_type {
    LAB_TEXT,     /* char *: text without control characters */
    LAB_WORD,     /* char *: text without blanks; a whole number is taken as text */
    LAB_NAME,     /* char *: letters, digits, '.', '_', '-' */
    LAB_SITED,    /* char *: one text for all sites, or one a site; the one of this site is kept */
    LAB_CHOICE,   /* char *: one of .words */
    LAB_COLOUR,   /* char *: "#rrggbb" */
    LAB_ADR,      /* char *: "0008" */
    LAB_KEY,      /* char *: a WireGuard public key */
    LAB_BOOL,     /* bool */
    LAB_U8,       /* uint8_t, from .min to .max; likewise */
    LAB_U16,      /* uint16_t */
    LAB_U32,      /* uint32_t, unsigned */
    LAB_MS,       /* uint64_t: "30s" */
    LAB_SECONDS,  /* unsigned: "30s" */
    LAB_SPEED,    /* uint32_t, Mbit/s: "40G" */
    LAB_IP,       /* struct qs_ip */
    LAB_IP4,      /* struct qs_prefix: an IPv4 address, length 32 */
    LAB_ADDRESS4, /* struct qs_prefix: "198.51.100.2/24" */
    LAB_ADDRESS6,
    LAB_NETWORK4, /* struct qs_prefix without host bits */
    LAB_NETWORK6,
    LAB_NETWORK,   /* either family */
    LAB_MAC,       /* uint8_t[6] */
    LAB_WORDS,     /* struct qs_strs of LAB_WORD; .words: of these only */
    LAB_TEXTS,     /* struct qs_strs of LAB_TEXT */
    LAB_ADDRESSES, /* struct qs_strs: addresses or networks */
    LAB_VLAN,      /* uint16_t: id of a declared VLAN */
    LAB_VLANS,     /* struct qs_u16s */
    LAB_REF,       /* char *: a name in .space */
    LAB_REFS,      /* struct qs_strs */
    LAB_RECORD,    /* a struct of .record in place */
    LAB_ROWS,      /* array of .record: a list of maps */
    LAB_KEYED,     /* array of .record: a map, whose keys go into .record->key */
    LAB_PAIRS,     /* array of .record with a key and one text: a map of texts */
    LAB_TYPES
};
enum { LAB_NEEDED = 1, LAB_LABEL = 2 /* names its row in messages */ };

struct lab_record;
struct lab_field {
    const char *key;
    enum lab_type type;
    size_t offset, count_offset;
    unsigned flags;
    uint64_t min, max;  /* numbers: range; texts and lists: length, max 0: 4096 */
    uint64_t otherwise; /* numbers, booleans, durations: when the key is absent */
    const char *const *words;
    const char *preset; /* texts: when the key is absent */
    enum lab_space space;
    const struct lab_record *record;
    const char *doc;
};
struct lab_record {
    size_t size;
    size_t at;                      /* offset of its struct qs_at; LAB_NO_AT: it has none */
    size_t key;                     /* LAB_KEYED, LAB_PAIRS: offset of the char * for the key */
    const struct lab_field *fields; /* ended by key NULL */
};
#define LAB_NO_AT SIZE_MAX
#define LAB_IN(type, member) .offset = offsetof(type, member)
#define LAB_ARRAY(type, items, n) .offset = offsetof(type, items), .count_offset = offsetof(type, n)

struct lab_kind {                    /* a kind of file */
    const char *path;                /* inside the folder; "*" stands for one name */
    const struct lab_record *record; /* over struct lab_box */
    bool needed;
    enum lab_space gives[2];            /* what it declares */
    void (*begin)(struct lab_box *box); /* before and after each file; may be NULL */
    void (*end)(struct lab_box *box);
    const char *title;
};
const struct lab_kind *lab_kind_at(size_t i);         /* NULL past the end; in reading order */
const struct lab_kind *lab_kind_of(const char *path); /* NULL: no lab file */
extern const struct lab_record lab_top_file, lab_vlans_file, lab_switches_file, lab_router_file, lab_cabling_file,
    lab_vpn_file, lab_models_file, lab_rack_file, lab_nodes_file, lab_cluster_file, lab_storage_file,
    lab_components_file, lab_status_file, lab_site_file;

/* Fills `out` (a struct of `rec`) from a document of `file`. Problems go to the box. */
void lab_read(struct lab_box *box, const struct lab_record *rec, const char *file, const struct qs_val *v, void *out);
const char *lab_space_name(const struct lab_box *box, enum lab_space space, size_t i); /* NULL past the end */

/* ---- settle ---- */
void lab_settle_network(struct lab_box *box);
void lab_settle_hardware(struct lab_box *box);
void lab_settle_platform(struct lab_box *box);
/* Host `number` of a network, the number written in the same decimal digits in both families; false: does not fit. */
bool lab_host(const struct qs_prefix *net, uint16_t number, struct qs_prefix *ret);
/* "Ethernet49-52/1" → "Ethernet", 49, 52, "/1". False: no range of at most 1024, the text is one name. */
bool lab_range(const char *text, size_t *ret_prefix, uint16_t *ret_first, uint16_t *ret_last, const char **ret_suffix);

/* ---- check ---- */
struct lab_check {
    const char *name, *doc;
    void (*fn)(struct lab_box *box);
};
const struct lab_check *lab_check_at(size_t i); /* NULL past the end */

/* ---- files ---- */
struct lab_file {
    char *path; /* inside the folder */
    char *text;
    size_t len;
};
/* Loads from memory; qs_lab_load() reads the folder and calls this. `base` is what messages call the folder. */
enum qs_code lab_load_files(const struct lab_file *files, size_t count, const char *base, const char *site,
                            struct qs_lab **ret, struct qs_problems *problems, struct qs_err *err) QS_MUST_CHECK;
