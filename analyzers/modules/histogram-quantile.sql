-- Module: A quantile of a histogram with explicit bounds, between the smallest and the largest measurement: within its
-- bucket by a straight line. Off by at most the width of that bucket.
(bounds, counts, least_value, greatest_value, q) -> if(arraySum(counts) = 0, 0., least(greatest_value, greatest(least_value,
  arrayElement(
    arrayMap((up_to, count, high, low) -> low + (high - low) * (q * arraySum(counts) - (up_to - count)) / greatest(count, 1),
      arrayCumSum(counts), counts, arrayConcat(bounds, [greatest_value]), arrayConcat([least_value], bounds)),
    arrayFirstIndex((up_to, count) -> up_to >= q * arraySum(counts) AND count > 0, arrayCumSum(counts), counts)))))
