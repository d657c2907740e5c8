#include "tuning.h"

#include <absl/synchronization/mutex.h>

extern "C" void tompion_grpc_without_deadlock_search(void) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}
