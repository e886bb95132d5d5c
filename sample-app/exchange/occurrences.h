/// Exceptions of a series as an item holds them: one Exception for each occurrence that is not as the pattern says,
/// named by ExceptionStartTime up to 14.1 and by InstanceId from 16.0 on.
#pragma once
#include <string>
#include <string_view>

#include "exchange/mailbox.h"

namespace exchange {

/// Exceptions as a client of `version` names them.
Node exceptions_for_version(const Node& exceptions, int version);
/// Those of `given` replace the ones of the same start; the others stay. What is wrong with them; "" = nothing.
std::string merge_exceptions(Item& item, const Node& given);

/// Those that `given` does not name go; of the others what it says is taken over.
void replace_exceptions(Item& item, const Node* given);

/// What is wrong with the name of an occurrence; "" = nothing.
std::string instance_fault(const Item& item, std::string_view instance);
/// What a Change with InstanceId says of one occurrence.
void change_occurrence(Item& item, std::string_view instance, const Node& data);
void cancel_occurrence(Item& item, std::string_view instance);
/// A change of these moves the series, and from 16.0 on its exceptions go with it.
bool moves_series(const Item& item, const Node& data);

}  // namespace exchange
