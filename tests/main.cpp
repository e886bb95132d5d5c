// The one main of every CppUTest program. Its own leak detection is off on purpose: ASan finds leaks, <new> stays
// usable, and the detector would be shared by threads without a lock.
#include <CppUTest/CommandLineTestRunner.h>
#include <CppUTest/MemoryLeakWarningPlugin.h>

int main(int argc, char** argv) {
  MemoryLeakWarningPlugin::turnOffNewDeleteOverloads();
  return CommandLineTestRunner::RunAllTests(argc, argv);
}
