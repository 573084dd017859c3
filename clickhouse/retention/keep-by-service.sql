-- Rows of services live for as many seconds as stand at the same place, all others for rest seconds. Counted from the
-- start of the day, so that all rows of a day and service go in one merge. mark: see keep-all-alike.sql.
ALTER TABLE {table:Identifier} MODIFY TTL
  toDateTime(toStartOfDay({time:Identifier})) + toIntervalSecond(if({mark:String} = '', 0, transform(
    toString({service:Identifier}), {services:Array(String)}, {seconds:Array(UInt32)}, {rest:UInt32}
  )))
