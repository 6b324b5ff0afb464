/// The limits that every reader and writer keeps; units last.
public enum Limits {
    /// The longest operation line, newline not counted.
    public static let operationBytes = 1 << 20
    /// The deepest nesting of JSON.
    public static let jsonLevels = 64
    /// The longest id or field name.
    public static let nameBytes = 256
    /// The most operations of one transaction.
    public static let transactionOperations = 10_000
    /// The most text of one transaction.
    public static let transactionBytes = 8 << 20
    /// The text at which a segment is closed at the latest.
    public static let segmentTextBytes = 16 << 20
    /// The text of one gzip member of a sealed segment.
    public static let memberTextBytes = 1 << 20
    /// The largest manifest.
    public static let manifestBytes = 4 << 20
    /// The most entries of a bundle.
    public static let bundleEntries = 100_000
    /// The largest file that FAT32 holds.
    public static let fatFileBytes: Int64 = (4 << 30) - 1
    /// The most operations of a merge transaction.
    public static let batchOperations = 100_000
    /// The most text of a merge transaction.
    public static let batchTextBytes = 32 << 20
    /// How far a terminal's clock may run ahead before its times are doubtful.
    public static let clockSkewMilliseconds: Int64 = 5 * 60 * 1000
    /// The most digits of a number.
    public static let decimalDigits = 34
    /// The largest exponent of a number, either sign.
    public static let decimalExponent = 99
}
