-- Module: First moment after the window, nanoseconds since 1970.
toUnixTimestamp64Nano({to:DateTime64(9, 'UTC')})
