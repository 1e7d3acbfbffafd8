/*
 * base/fault: named points where a test may kill this process.
 *
 * QS_FAULT=N           the N-th point reached raises SIGKILL.
 * QS_FAULT_FILE=FILE   the same for a process that runs already: when FILE appears, its number is read, the file
 *                      removed, and counting starts anew.
 * QS_FAULT_COUNT=FILE  each point appends its name to FILE, which is how a test learns how many there are.
 * Without any of them a point is one load and a branch.
 */
#pragma once

void qs_fault_point(const char *name);
