// Every seeded fault of the implementation is caught by the tests of the stack: each is run with the fault and has to
// fail. Prints which test caught it first, and how many were caught.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "impl/stack/mutant.hpp"

namespace dvipa {
namespace {

struct Trial {
  int status = 0;
  std::string first_failure;
};

Trial run_tests_with(std::string_view mutant) {
  const std::string command = fmt::format("DVIPA_MUTANT={} {} --gtest_color=no 2>&1", mutant, DVIPA_STACK_TESTS);
  FILE* output = ::popen(command.c_str(), "r");
  Trial run;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), output) != nullptr) {
    const std::string text = line.data();
    constexpr std::string_view mark = "[  FAILED  ] ";
    if (run.first_failure.empty() && text.starts_with(mark))
      run.first_failure = text.substr(mark.size(), text.find_first_of(" ,\n", mark.size()) - mark.size());
  }
  run.status = ::pclose(output);
  return run;
}

// Faults of what is around the stack, which tests of the live shell catch (tests/live/run/narrow_path_test.cpp).
constexpr std::array of_the_shell{Mutant::forget_fragments};

TEST(Mutants, NoFaultNoFailure) { EXPECT_EQ(run_tests_with("none").status, 0); }

TEST(Mutants, EveryOneIsCaught) {
  unsigned caught = 0;
  for (const MutantName& each : mutant_names) {
    if (std::ranges::find(of_the_shell, each.mutant) != of_the_shell.end()) continue;
    const Trial run = run_tests_with(each.name);
    EXPECT_NE(run.first_failure, "") << each.name << " survives: a test is missing";
    if (!run.first_failure.empty()) ++caught;
    fmt::print("{:<26} {}\n", each.name, run.first_failure.empty() ? "SURVIVES" : run.first_failure);
  }
  fmt::print("mutants of the stack: {} of {} caught\n", caught, mutant_names.size() - of_the_shell.size());
}

}  // namespace
}  // namespace dvipa
