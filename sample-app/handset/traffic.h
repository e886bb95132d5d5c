/// What an account costs, as `status` shows it and the home keeps it over processes.
#pragma once
#include "handset/home.h"
#include "handsync/engine.h"

namespace handset {

/// Of this process.
Home::Traffic traffic_of(const handsync::AccountView&);
/// For people, without the words in front: "12 requests, 3 KB in, ...".
std::string traffic_text(const Home::Traffic&);
std::string connections_text(const Home::Traffic&);

}  // namespace handset
