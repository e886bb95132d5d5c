/// Opens a Reader (handsync/replica.h) on a connection of its own.
#pragma once
#include "handsync/memory.h"
#include "replica/store.h"

namespace handsync::replica {

Result<Reader*> open_reader(const StoreOptions&, Memory);

}  // namespace handsync::replica
