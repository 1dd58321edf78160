#pragma once
// <sys/pidfd.h> of glibc 2.36 forgets that C++ mangles names.
extern "C" {
#include <sys/pidfd.h>
}
