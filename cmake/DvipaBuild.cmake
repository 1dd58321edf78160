# How a room and a test are built: one function each, so that flags and libraries are said once.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(DVIPA_WERROR "Treat warnings as errors" ON)
set(DVIPA_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=...")

find_program(DVIPA_CCACHE ccache)
if(DVIPA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${DVIPA_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DVIPA_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)

add_library(dvipa_flags INTERFACE)
target_include_directories(dvipa_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(dvipa_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast)
if(DVIPA_WERROR)
  target_compile_options(dvipa_flags INTERFACE -Werror)
endif()
if(DVIPA_SANITIZE)
  target_compile_options(dvipa_flags INTERFACE -fsanitize=${DVIPA_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(dvipa_flags INTERFACE -fsanitize=${DVIPA_SANITIZE})
endif()
# Boost.MSM needs longer lists of states and rows than the default of Boost.MPL.
target_compile_definitions(dvipa_flags INTERFACE BOOST_MPL_CFG_NO_PREPROCESSED_HEADERS BOOST_MPL_LIMIT_LIST_SIZE=30
                           BOOST_MPL_LIMIT_VECTOR_SIZE=30)
target_link_libraries(dvipa_flags INTERFACE Boost::headers fmt::fmt)

# dvipa_room(NAME SOURCES ... [LIBS ...]): a static library dvipa_NAME.
function(dvipa_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LIBS" ${ARGN})
  add_library(dvipa_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(dvipa_${name} PUBLIC dvipa_flags ${ROOM_LIBS})
endfunction()

# dvipa_test(NAME SOURCES ... [LIBS ...] [LABELS ...] [TIMEOUT seconds]): a GoogleTest executable, one ctest entry.
function(dvipa_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(test_${name} ${TEST_SOURCES})
  target_link_libraries(test_${name} PRIVATE dvipa_flags ${TEST_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE DVIPA_SOURCE_DIR="${PROJECT_SOURCE_DIR}" DVIPA_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND test_${name})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}")
  # Live tests have bounds in time: they get the machine for themselves.
  if("live" IN_LIST TEST_LABELS)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

# dvipa_bench(NAME SOURCES ... [LIBS ...]): a Google Benchmark executable bench_NAME; built, never run by ctest.
function(dvipa_bench name)
  cmake_parse_arguments(BENCH "" "" "SOURCES;LIBS" ${ARGN})
  find_package(benchmark REQUIRED)
  add_executable(bench_${name} ${BENCH_SOURCES})
  target_link_libraries(bench_${name} PRIVATE dvipa_flags ${BENCH_LIBS} benchmark::benchmark benchmark::benchmark_main)
endfunction()
