/*
 * base/fault: named points where a test may kill this process. With QS_FAULT=N in the environment
 * the N-th point reached raises SIGKILL; with QS_FAULT_COUNT=FILE each point appends its name to FILE,
 * which is how the test learns how many there are. Without either, a point is one load and a branch.
 */
#pragma once

void qs_fault_point(const char *name);
