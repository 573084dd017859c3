-- All rows live for rest seconds after their time. mark says who set this, and from which setting; its comparison is always
-- false.
ALTER TABLE {table:Identifier} MODIFY TTL
  toDateTime({time:Identifier}) + toIntervalSecond(if({mark:String} = '', 0, {rest:UInt32}))
