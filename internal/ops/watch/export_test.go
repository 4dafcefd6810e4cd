package watch

// InTime is for the tests of package watch_test.
var InTime = inTime
