using System.Buffers;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

/// <summary>
/// The memory daemon's interface on the message switch, for services beside xenopsd that need memory of the host: JSON-RPC with
/// positional parameters, the first of them the caller's debug text. Sizes in KiB. Errors have the interface's own tags.
/// </summary>
public sealed class MemoryServer(HostMemory memory)
{
    /// <summary>The queue the memory daemon serves.</summary>
    public const string Queue = "org.xen.xapi.memory";

    private const int Bytes = 1024;

    /// <summary>Answers one request. Raises nothing but <see cref="OperationCanceledException"/>.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> HandleAsync(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        try
        {
            var call = JsonValueReader.Parse(request.Span).AsStruct();
            string method = call.Find("method")?.AsString() ?? "";
            var parameters = call.Find("params")?.AsArray() ?? [];
            return Reply(await CallAsync(method, new Arguments(parameters), cancel).ConfigureAwait(false), error: null);
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            return Reply(null, w => Tagged(w, "Internal_error", v => v.String(error.Message)));
        }
        catch (UnknownReservation error)
        {
            return Reply(null, error.Id is { } id ? w => Tagged(w, "Unknown_reservation", v => v.String(id)) : static w => w.String("No_reservation"));
        }
        catch (XenopsError error)
        {
            return Reply(null, w => Write(w, error.Value));
        }
        catch (HypervisorError error)
        {
            return Reply(null, w => Tagged(w, "Internal_error", v => v.String(error.Message)));
        }
    }

    private async Task<Action<ValueWriter>> CallAsync(string method, Arguments arguments, CancellationToken cancel)
    {
        switch (method)
        {
            case "login":
                string session = await memory.LoginAsync(arguments.Text(1), cancel).ConfigureAwait(false);
                return w => w.String(session);
            case "reserve_memory":
                var (exact, _) = await ReserveAsync(arguments.Text(1), arguments.Size(2), arguments.Size(2), cancel).ConfigureAwait(false);
                return w => w.String(exact);
            case "reserve_memory_range":
                var (id, kib) = await ReserveAsync(arguments.Text(1), arguments.Size(2), arguments.Size(3), cancel).ConfigureAwait(false);
                return w =>
                {
                    w.BeginArray(2);
                    w.String(id);
                    w.Int(kib);
                    w.EndArray();
                };
            case "delete_reservation":
                await KnownAsync(arguments.Text(2), reservation => memory.DeleteAsync(reservation, cancel)).ConfigureAwait(false);
                return static w => w.Null();
            case "transfer_reservation_to_domain":
                int domid = checked((int)arguments.Size(3));
                await KnownAsync(arguments.Text(2), reservation => memory.TransferAsync(reservation, domid, cancel)).ConfigureAwait(false);
                return static w => w.Null();
            case "query_reservation_of_domain":
                string found = memory.OfDomain(checked((int)arguments.Size(2))) ?? throw new UnknownReservation(null);
                return w => w.String(found);
            case "balance_memory":
                await memory.BalanceAsync(cancel).ConfigureAwait(false);
                return static w => w.Null();
            case "get_diagnostics":
                return w => w.String($"free {memory.FreeKib} KiB, always left free {memory.ReservedKib} KiB");
            case "get_host_reserved_memory":
                return w => w.Int(memory.ReservedKib);
            case "get_host_initial_free_memory":
                return w => w.Int(memory.InitialFreeKib);
            case "get_domain_zero_policy":
                long size = memory.ControlDomainKib;
                return w => Tagged(w, "Fixed_size", v => v.Int(size));
            default:
                throw XenopsError.Internal($"unknown method {method}");
        }
    }

    private Task<(string Id, long Kib)> ReserveAsync(string session, long min, long max, CancellationToken cancel) =>
        max < min ? throw new ValueFormatException($"from {min} to {max} KiB is no range of memory") : memory.ReserveAsync(session, min, max, cancel);

    private static async Task KnownAsync(string reservation, Func<string, Task> action)
    {
        try
        {
            await action(reservation).ConfigureAwait(false);
        }
        catch (XenopsError error) when (error.Value is XenopsErrorValue.Does_not_exist)
        {
            throw new UnknownReservation(reservation);
        }
    }

    private void Write(ValueWriter writer, XenopsErrorValue error)
    {
        switch (error)
        {
            case XenopsErrorValue.Not_enough_memory(var needed):
                Tagged(writer, "Cannot_free_this_much_memory", v =>
                {
                    v.BeginArray(2);
                    v.Int(needed / Bytes);
                    v.Int(memory.FreeKib);
                    v.EndArray();
                });
                break;
            case XenopsErrorValue.Vms_failed_to_cooperate(var vms):
                int[] domids = [.. memory.DomidsOf(vms)];
                Tagged(writer, "Domains_refused_to_cooperate", v =>
                {
                    v.BeginArray(domids.Length);
                    foreach (int domid in domids)
                    {
                        v.Int(domid);
                    }

                    v.EndArray();
                });
                break;
            default:
                Tagged(writer, "Internal_error", v => v.String(error.ToString()));
                break;
        }
    }

    private static void Tagged(ValueWriter writer, string tag, Action<ValueWriter> value)
    {
        writer.BeginArray(2);
        writer.String(tag);
        value(writer);
        writer.EndArray();
    }

    private static ReadOnlyMemory<byte> Reply(Action<ValueWriter>? result, Action<ValueWriter>? error)
    {
        ArrayBufferWriter<byte> output = new();
        JsonValueWriter.Write(output, w =>
        {
            w.BeginStruct(3);
            w.Member("result");
            Either(w, result);
            w.Member("error");
            Either(w, error);
            w.Member("id");
            w.Int(0);
            w.EndStruct();
        });
        return output.WrittenMemory;
    }

    private static void Either(ValueWriter writer, Action<ValueWriter>? value)
    {
        if (value is null)
        {
            writer.Null();
        }
        else
        {
            value(writer);
        }
    }

    /// <summary>Parameters by position; <see cref="ValueFormatException"/> for one that is missing or not of its type.</summary>
    private readonly record struct Arguments(System.Collections.Immutable.ImmutableArray<Value> Values)
    {
        public string Text(int index) => At(index).AsString();

        public long Size(int index) => At(index).AsInt() is >= 0 and var size ? size : throw new ValueFormatException($"parameter {index} is below 0");

        private Value At(int index) => index < Values.Length ? Values[index] : throw new ValueFormatException($"parameter {index} is missing");
    }

    /// <summary>A reservation nobody made; without an id a domain that has none.</summary>
    private sealed class UnknownReservation(string? id) : Exception
    {
        public string? Id => id;
    }
}
