/// Whether a terminal has something to tell central.
enum ExportDecision: Equatable {
    /// A bundle is written in any case.
    case write
    /// There is something to tell, unless a bundle that says just that lies there already.
    case ifAbsent
    /// Central has everything and knows it.
    case nothing

    /// - Parameters:
    ///   - isClose: Whether a day is closed.
    ///   - hasNews: Whether there are operations or closed days that no receipt covers.
    ///   - isKnown: Whether the last bundle stated how far central's changes are applied here, and what this terminal
    ///     receives, as it is now; false before the first snapshot, if central asks for a fresh bundle, and if one of
    ///     its own was lost.
    ///   - lastExport: When that was, in milliseconds since 1970.
    ///   - heartbeat: On a visit, the longest silence in milliseconds; nil for an export that was asked for by itself.
    init(
        isClose: Bool, hasNews: Bool, isKnown: Bool, lastExport: Int64?, now: Int64, heartbeat: Int64?
    ) {
        guard let heartbeat else {
            self = isClose || hasNews || !isKnown ? .write : .nothing
            return
        }
        // A clock that was set back must not silence a terminal.
        let silence = lastExport.map { max(now - $0, $0 - now) } ?? .max
        if isClose || !isKnown {
            self = .write
        } else {
            self = hasNews ? .ifAbsent : silence >= heartbeat ? .write : .nothing
        }
    }
}
