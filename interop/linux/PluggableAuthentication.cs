using System.Runtime.InteropServices;

namespace Toolstack.Interop.Linux;

/// <summary>
/// Checks and changes passwords of local accounts through PAM (Linux-PAM, pam(3)). The library is looked for when it is first used, so
/// that a daemon which never asks it does not need it. Every call blocks as long as the modules take, so callers use a thread of their own.
/// </summary>
public sealed unsafe class PluggableAuthentication
{
    private const int Success = 0;
    private const int PromptEchoOff = 1;
    private const int PromptEchoOn = 2;
    private const int MaxMessages = 32;

    private readonly delegate* unmanaged<byte*, byte*, Conversation*, nint*, int> start;
    private readonly delegate* unmanaged<byte*, byte*, Conversation*, byte*, nint*, int> startIn;
    private readonly delegate* unmanaged<nint, int, int> authenticate;
    private readonly delegate* unmanaged<nint, int, int> account;
    private readonly delegate* unmanaged<nint, int, int> change;
    private readonly delegate* unmanaged<nint, int, int> end;
    private readonly delegate* unmanaged<nint, int, byte*> describe;
    private readonly string service;
    private readonly string? directory;

    private PluggableAuthentication(nint library, string service, string? directory)
    {
        this.service = service;
        this.directory = directory;

        // Safe: the symbols are those of pam_appl.h, whose types the pointers spell out.
        start = (delegate* unmanaged<byte*, byte*, Conversation*, nint*, int>)NativeLibrary.GetExport(library, "pam_start");
        startIn = NativeLibrary.TryGetExport(library, "pam_start_confdir", out nint found)
            ? (delegate* unmanaged<byte*, byte*, Conversation*, byte*, nint*, int>)found
            : null;
        authenticate = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "pam_authenticate");
        account = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "pam_acct_mgmt");
        change = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "pam_chauthtok");
        end = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "pam_end");
        describe = (delegate* unmanaged<nint, int, byte*>)NativeLibrary.GetExport(library, "pam_strerror");
    }

    /// <summary>Null when this system has no PAM. <paramref name="directory"/>: where the service's file is, if not where the system has
    /// them.</summary>
    public static PluggableAuthentication? Open(string service, string? directory = null) =>
        NativeLibrary.TryLoad("libpam.so.0", out nint library) ? new PluggableAuthentication(library, service, directory) : null;

    /// <summary>Null when the password is the user's and the account is valid; otherwise PAM's reason.</summary>
    public string? Verify(string user, string password) => Run(user, password, handle =>
    {
        int result = authenticate(handle, 0);
        return result == Success ? account(handle, 0) : result;
    });

    /// <summary>Sets the password of a user without asking for the old one, as root may. Null when it is set; otherwise PAM's reason.</summary>
    public string? Change(string user, string password) => Run(user, password, handle => change(handle, 0));

    private string? Run(string user, string password, Func<nint, int> use)
    {
        byte* userText = (byte*)Marshal.StringToCoTaskMemUTF8(user);
        byte* serviceText = (byte*)Marshal.StringToCoTaskMemUTF8(service);
        byte* directoryText = (byte*)Marshal.StringToCoTaskMemUTF8(directory);
        byte* passwordText = (byte*)Marshal.StringToCoTaskMemUTF8(password);
        try
        {
            // Safe: every pointer stays valid until pam_end, after which the library keeps none of them.
            var conversation = new Conversation { Answer = &Answer, Data = passwordText };
            nint handle = 0;
            int result = directoryText is null || startIn is null
                ? start(serviceText, userText, &conversation, &handle)
                : startIn(serviceText, userText, &conversation, directoryText, &handle);
            if (result == Success)
            {
                result = use(handle);
            }

            string? reason = result == Success ? null : Marshal.PtrToStringUTF8((nint)describe(handle, result)) ?? "unknown error";
            if (handle != 0)
            {
                _ = end(handle, result);
            }

            return reason;
        }
        finally
        {
            Marshal.ZeroFreeCoTaskMemUTF8((nint)passwordText);
            Marshal.FreeCoTaskMem((nint)userText);
            Marshal.FreeCoTaskMem((nint)serviceText);
            Marshal.FreeCoTaskMem((nint)directoryText);
        }
    }

    /// <summary>The conversation of pam_conv(3): every question is answered with the password, what is only told is passed over.</summary>
    [UnmanagedCallersOnly]
    private static int Answer(int count, Message** messages, Response** responses, void* data)
    {
        const int BufferError = 5;
        const int ConversationError = 19;
        if (count is <= 0 or > MaxMessages)
        {
            return ConversationError;
        }

        // Safe: the library frees the array and the texts with free(), so both come from the C allocator.
        var answers = (Response*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(Response));
        for (int i = 0; i < count; i++)
        {
            if (messages[i]->Style is PromptEchoOff or PromptEchoOn)
            {
                answers[i].Text = Duplicate((byte*)data);
                if (answers[i].Text is null)
                {
                    return BufferError;
                }
            }
        }

        *responses = answers;
        return Success;
    }

    private static byte* Duplicate(byte* text)
    {
        // Safe: the text ends in NUL, as it was made by StringToCoTaskMemUTF8.
        ReadOnlySpan<byte> source = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);
        var copy = (byte*)NativeMemory.Alloc((nuint)source.Length + 1);
        source.CopyTo(new Span<byte>(copy, source.Length));
        copy[source.Length] = 0;
        return copy;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public int Style;
        public byte* Text;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Response
    {
        public byte* Text;
        public int Code;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Conversation
    {
        public delegate* unmanaged<int, Message**, Response**, void*, int> Answer;
        public byte* Data;
    }
}
