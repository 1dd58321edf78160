#pragma once
// Arbitrary messages: every one that the vocabulary allows.
#include <rapidcheck.h>

#include "spec/vocabulary/message.hpp"

namespace dvipa::wire::test {

rc::Gen<Message> any_message();

}  // namespace dvipa::wire::test
