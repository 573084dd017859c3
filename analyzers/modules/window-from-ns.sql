-- Module: First moment of the window, nanoseconds since 1970.
toUnixTimestamp64Nano({from:DateTime64(9, 'UTC')})
