// The replica's file system in memory, here underneath the sealed VFS.
#include "engine/replica/flash_fake.cpp"  // NOLINT
