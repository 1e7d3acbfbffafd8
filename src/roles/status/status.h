/*
 * roles/status: probes every check of the site, says of each signal and component how it is, keeps what it saw for 90
 * days, and serves the panel, the public lab page and the API (DESIGN.md, HTTP). Read-only: it changes nothing.
 *
 * CONFIG of the role; fds[0] is the listening TCP socket of the panel, fds[1] a listening Unix socket; without
 * that one it opens STATE/run/status.sock itself:
 * {
 *   "state": "/state",                           its database is STATE/status.db
 *   "spec": "/state/run/status-spec.json",       "qs.status-spec/1", below
 *   "lab_doc": "/state/run/lab-doc.json",        "qs.page/1", below
 *   "executor": "/state/run/executor.sock",      history and drift come from there
 *   "adrs": "/state/run/adrs.json",              "qs.adrs/1", below; may appear later, is read again when it changes
 *   "ssh_key": "/state/twin/ssh/id_ed25519",     for checks of kind wan
 *   "rate": {"per_second": 20, "burst": 200},    requests of one client; these are the defaults
 *   "trusted": ["127.0.0.1/32", "::1/128"]       peers whose X-Forwarded-For or Forwarded is believed; the default
 * }
 *
 * "qs.status-spec/1" (resolve makes it):
 * { "format", "site", "lab": {"name", "title"}, "groups": [{"name", "title"}],
 *   "signals": [{"name", "title", "group", "twin": bool, "pending": TEXT|null, "components": [NAME], "checks": [CHECK]}],
 *   "components": [{"number", "name", "group", "role", "runs", "version", "adr", "backup", "state": "built"|"pending",
 *                   "pending": TEXT|null, "depends_on": [NAME], "checks": [CHECK]}],
 *   "notify": [{"kind": "webhook"|"smtp", "url", "to", "from", "failures": 3, "successes": 2}],
 *   "maintenance": [{"name", "signals": [NAME] (absent: all), "from", "until": RFC 3339 UTC}] }
 * CHECK = {"name", "kind", "target", "address", "port", "conditions": [TEXT], "interval_ms", "timeout_ms",
 *          "expect": [TEXT]}; kinds and what the words mean to each: probe.c, kinds[]. Defaults: 5 s, four fifths of it.
 *
 * "qs.page/1" (resolve makes it): what /lab and the drawing of the rack show.
 * { "format", "name", "title", "description", "location", "domain", "site", "site_title",
 *   "rules": [{"title", "text"}],
 *   "rack": {"units", "slots": [{"unit", "height", "holds", "label", "kind": "switch"|"router"|"node"|"panel"}]},
 *   "hardware": [{"model", "vendor", "height", "names": [NAME]}],
 *   "devices": [{"name", "title", "kind": "switch"|"router", "model", "purpose", "engine", "address", "adr",
 *                "ports": [PORT]}],
 *   "nodes": [{"name", "model", "purpose", "engine", "roles": [TEXT], "cores", "memory_gib", "disks", "gpu",
 *              "addresses": [{"vlan", "v4", "v6"}], "ports": [PORT]}],
 *   "vlans": [{"id", "name", "purpose", "v4", "v6", "gateway", "colour", "dhcp"}],
 *   "cables": [{"a": END, "b": END, "kind", "vlans": [ID]}],
 *   "cluster": {"pods", "services"}, "components": [as in the status spec, without checks] }
 * PORT = {"name", "mode": "access"|"trunk"|"routed"|"unused", "vlan", "native", "allowed": [ID], "address",
 *         "description", "enabled", "peer": END}; END = {"device", "port"}
 *
 * "qs.adrs/1" (decisions makes it):
 * { "format", "counters": {"in_force", "dependencies", "revisit", "superseded"},
 *   "adrs": [{"id", "title", "status", "date", "component": [NAME], "state", "depends_on": [ID], "supersedes": [ID],
 *             "chosen", "triggers": [{"kind", "text", "state": "fired"|"armed"|"unknown"}]}] }
 */
#pragma once

#define QS_STATUS_SPEC "qs.status-spec/1"
#define QS_STATUS_PAGE "qs.page/1"
#define QS_STATUS_ADRS "qs.adrs/1"
#define QS_STATUS_PORT 7070
