# Writes a file for CTest with a test for each test case of a doctest program, labelled with its suite. doctest's own
# module starts the program twice for each of them, and finds no suite where a name has a comma.
#   cmake -DPROGRAM=FILE -DOUT=FILE -P discover.cmake
function(list_of out)
  execute_process(COMMAND ${PROGRAM} ${ARGN} --no-colors=true OUTPUT_VARIABLE text RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ${ARGN} ended with ${status}:\n${text}")
  endif()
  if(text MATCHES "\n[^\n[][^\n]*[][;*\"\\$]")
    message(FATAL_ERROR "a name in ${PROGRAM} has one of [ ] ; * \" \\ $, which CTest or doctest reads as its own:\n${text}")
  endif()
  string(REGEX REPLACE "\\[doctest\\][^\n]*\n|===+\n" "" text "${text}")
  string(REGEX MATCHALL "[^\n]+" lines "${text}")
  set(${out} "${lines}" PARENT_SCOPE)
endfunction()

set(tests "")
list_of(suites --list-test-suites)
foreach(suite ${suites})
  list_of(names --list-test-cases --test-suite=${suite})
  foreach(name ${names})
    string(REPLACE "," "\\," filter "${name}")
    string(APPEND tests "add_test([==[${suite}: ${name}]==] [==[${PROGRAM}]==] [==[--test-case=${filter}]==] --no-colors=true)\n"
      # A name that selects no test case is a failure, not a success.
      "set_tests_properties([==[${suite}: ${name}]==] PROPERTIES LABELS ${suite} TIMEOUT 900 FAIL_REGULAR_EXPRESSION \"test cases: *0 \")\n")
  endforeach()
endforeach()
file(WRITE ${OUT} "${tests}")
