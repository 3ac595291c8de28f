/* exit.h - carries out the plan's exit records when the last run of a container is over. */
#ifndef BERTH_EXIT_H
#define BERTH_EXIT_H

#include "plan.h"

void exit_run_steps(const struct plan *plan);
void exit_remove_trees(const struct plan *plan);

#endif
