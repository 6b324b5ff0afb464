/// This program, as it names itself in what it writes.
public enum Software {
    /// Name and version.
    public static let name = "nightdrop/0.1.0"
}
