// The one main of every CppUTest program. Leak detection by macro is off on purpose: ASan finds leaks, and <new> stays usable.
#include <CppUTest/CommandLineTestRunner.h>

int main(int argc, char** argv) { return CommandLineTestRunner::RunAllTests(argc, argv); }
