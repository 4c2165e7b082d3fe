#include "forecast/errors.h"

const uint16_t errors_step[ERRORS_STEPS] = {1, 2, 3, 4, 5, 6, 7, 8, 13, 26};
