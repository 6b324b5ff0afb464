import Foundation

/// Prints each day on stderr and each month on stdout.
struct Progress {
    /// What was traded; `operations` counts from the beginning of the year.
    struct Counts {
        var days = 0
        var tillDays = 0
        var invoices = 0
        var lines = 0
        var operations = 0
    }

    private var month = ""
    private var counts = Counts()
    private var operationsBefore = 0
    private var operations = 0
    private var clock = Stopwatch()
    private var dayClock = Stopwatch()

    mutating func end(_ day: Counts, of date: String, throughCommandLine: Bool) {
        if month != date.prefix(7) { endMonth() }
        month = String(date.prefix(7))
        counts.days += 1
        counts.tillDays += day.tillDays
        counts.invoices += day.invoices
        counts.lines += day.lines
        let seconds = dayClock.seconds
        let done = day.operations - operations
        operations = day.operations
        let way = throughCommandLine ? ", through the command line" : ""
        Report.note(
            "\(date): \(day.tillDays) tills, \(day.invoices) invoices, \(day.lines) lines, \(done) operations, "
                + "\(Report.fixed(seconds, 1)) s, \(Report.fixed(Double(done) / seconds, 0)) operations/s\(way)")
        dayClock = Stopwatch()
    }

    mutating func endMonth() {
        guard !month.isEmpty else { return }
        let done = operations - operationsBefore
        Report.line(
            "\(month): \(counts.days) days, \(counts.tillDays) till-days, \(counts.invoices) invoices, \(counts.lines) lines, "
                + "\(done) operations, \(Report.fixed(clock.seconds, 1)) s, "
                + "\(Report.fixed(Double(done) / clock.seconds, 0)) operations/s")
        operationsBefore = operations
        counts = Counts()
        clock = Stopwatch()
        month = ""
    }
}
