/*
 * twin/fabric/spec: the document that says what the twin must build: "qs.twin-spec/1". resolve makes it from the lab,
 * the supervisor's fabric builds it, each part gets its own entry as its CONFIG. Names of links are at most 15 bytes.
 *
 * {
 *   "format": "qs.twin-spec/1", "site": "twin",
 *   "self": {                                  qs's own network namespace: the provisioning host
 *     "name": "prov",
 *     "management": ["10.0.0.2/24", "fd…:0::2/64"],   on the out-of-band bridge
 *     "links": [ LINK, … ], "routes": [ ROUTE, … ] },
 *   "switches": [ {
 *     "name": "core", "model": "DCS-7050QX-32-F", "version": "4.28.3M", "serial": "JPE…", "mac": "02:…",
 *     "credentials": {"user": "qs", "password": "…"},        added by the supervisor, never by resolve
 *     "management": {"port": "Management1", "link": "ma1", "addresses": ["10.0.0.11/24"]},
 *     "ports": [ {"name": "Ethernet1", "link": "et1"}                    a cable to a switch, router or nothing
 *              , {"name": "Ethernet5", "taps": [ {"link": "et5v0", "vlan": 0},      a cable to a node: the untagged
 *                                                {"link": "et5v30", "vlan": 30} ]} ]   side, and one link a tagged VLAN
 *   }, … ],                                    every port of the model is listed; one without a cable has neither
 *   "routers": [ { "name": "edge", "model": …, "version": "7.18.2", "credentials": …,
 *     "management": {"port": "ether8", "link": "ether8", "addresses": ["10.0.0.14/24"]},
 *     "ports": [ {"name": "ether1", "link": "ether1"}, … ] } ],
 *   "nodes": [ { "name": "cp1", "links": [ LINK, … ], "routes": [ ROUTE, … ], "roles": ["control-plane"] }, … ],
 *   "upstream": { "name": "isp", "links": [ LINK ], "http_port": 80 } | null,
 *   "cables": [ {"a": {"part": "core", "link": "et1"}, "b": {"part": "leaf", "link": "et49_1"}}, … ]
 * }
 * LINK  = {"link": "v20", "mac": "02:…", "vlan": 20, "addresses": ["10.0.20.11/24", …]}
 * ROUTE = {"to": "0.0.0.0/0", "via": "10.0.20.1"}
 *
 * A cable is a veth pair whose ends are moved into the two parts' namespaces under the names given; a part "self" is
 * qs's own. A tap is an interface that stands for one VLAN on a tagged cable, because node kernels may lack 802.1Q: a
 * frame that arrives on tap v is handled as if it came over the port's cable with tag v (0: untagged), and a frame that
 * the port would send with tag v leaves untagged on tap v; VLANs without a tap are dropped there, as by a host that has
 * no such subinterface.
 */
#pragma once
#define QS_TWIN_SPEC "qs.twin-spec/1"
