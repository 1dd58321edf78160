#pragma once
// A network namespace of its own for each live test, as root or, without, in a user namespace; and independent eyes
// on its state (the command-line tools, never the code under test).
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace dvipa::kernel::test {

// True when the tests run in a user namespace, without rights on the host itself.
bool unprivileged();

// Runs a shell command in the present namespace and returns what it prints; a failure of it fails the test.
std::string shell(const std::string& command);

// All of the namespace's state that the live shell may change: addresses, link flags, nftables, its sysctls.
std::string snapshot();

// Looks until `holds` is true, at most this long.
bool within(double seconds, const std::function<bool()>& holds);

// A fresh namespace for each test, with `lo` up and a veth pair e0 - e1 in it, both up.
class OwnNamespace : public ::testing::Test {
 protected:
  void SetUp() override;
};

void enter_fresh_namespace();

}  // namespace dvipa::kernel::test
