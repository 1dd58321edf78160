// bench_checker [MODEL [SIZE [ROUNDS]]]: prints the ratios; see ratios.hpp.
#include <cstdlib>
#include <iostream>

#include "tests/bench/checker/ratios.hpp"

int main(int argc, char** argv) {
  dvipa::bench::RatioOptions options;
  if (argc > 1) options.model = argv[1];
  if (argc > 2) options.size = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  if (argc > 3) options.rounds = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  return dvipa::bench::print_checker_ratios(options, std::cout);
}
