#pragma once
// The verbs, each in the file of its name: declared here, listed in main.cpp, built by CMakeLists.txt.
#include <span>
#include <string>

namespace dvipa::cli {

int run_bench(std::span<const std::string> words);
int run_check(std::span<const std::string> words);
int run_conform(std::span<const std::string> words);
int run_keygen(std::span<const std::string> words);
int run_lab(std::span<const std::string> words);
int run_netstat(std::span<const std::string> words);
int run_profile(std::span<const std::string> words);
int run_requirements(std::span<const std::string> words);
int run_run(std::span<const std::string> words);
int run_serve(std::span<const std::string> words);
int run_simulate(std::span<const std::string> words);
int run_vary(std::span<const std::string> words);

}  // namespace dvipa::cli
