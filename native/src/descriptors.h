/* descriptors.h - closes what a process must not hold or pass on. */
#ifndef BERTH_DESCRIPTORS_H
#define BERTH_DESCRIPTORS_H

#include <stddef.h>

/* Closes all from 3 on but those in @kept, which may hold -1. */
void close_others(const int *kept, size_t count);

#endif
